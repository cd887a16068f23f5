//! The request that is explained.

use cognito_jwt::env::{DescribeRoute, RouteMetadata};
use serde::Serialize;

/// A header of a request or an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Header {
    /// Its name, in lower case.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Header {
    /// Returns a header of this name and value.
    pub fn new(name: &str, value: &str) -> Header {
        Header {
            name: name.to_ascii_lowercase(),
            value: value.to_owned(),
        }
    }
}

/// Why a text is no part of a request.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No `NAME: VALUE`.
    #[error("the header {0:?} is not of the form 'NAME: VALUE'")]
    Header(String),
    /// Neither a path nor `http://` or `https://`.
    #[error("the URL {0:?} must begin with http://, https:// or a slash")]
    Url(String),
}

/// A request as the filter gets it from Envoy.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    authority: String,
    path: String,
    scheme: String,
    headers: Vec<(String, Vec<u8>)>,
    route: Vec<u8>,
    /// Whether neither a body nor trailers follow.
    pub ends_stream: bool,
}

/// The authority of requests whose URL names none.
const DEFAULT_AUTHORITY: &str = "localhost";

impl Request {
    /// Returns a request of this method for an absolute URL, or a path. Nothing is normalized.
    ///
    /// # Errors
    /// The URL is neither.
    pub fn new(method: &str, url: &str) -> Result<Request, RequestError> {
        let (scheme, authority, path) = match url.split_once("://") {
            Some((scheme @ ("http" | "https"), rest)) => {
                let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
                let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
                (scheme, authority, path)
            }
            _ if url.starts_with('/') => ("https", DEFAULT_AUTHORITY, url),
            _ => return Err(RequestError::Url(url.to_owned())),
        };
        // A client sends no fragment.
        let path = path.split('#').next().unwrap_or_default();
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Request {
            method: method.to_owned(),
            authority: authority.to_owned(),
            path: format!("{slash}{path}"),
            scheme: scheme.to_owned(),
            headers: Vec::new(),
            route: Vec::new(),
            ends_stream: true,
        })
    }

    /// Returns the same with a header, given as `NAME: VALUE`.
    ///
    /// # Errors
    /// It is none.
    pub fn with_header(mut self, line: &str) -> Result<Request, RequestError> {
        let error = || RequestError::Header(line.chars().take(20).collect());
        let (name, value) = line.split_once(':').ok_or_else(error)?;
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(error());
        }
        if name.eq_ignore_ascii_case("host") {
            value.trim().clone_into(&mut self.authority);
        } else {
            self = self.with_header_bytes(name, value.trim().as_bytes());
        }
        Ok(self)
    }

    /// Returns the same with a header whose value may be any bytes.
    #[must_use]
    pub fn with_header_bytes(mut self, name: &str, value: &[u8]) -> Request {
        self.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// Returns the same with a bearer token.
    #[must_use]
    pub fn with_token(self, token: &str) -> Request {
        self.with_header_bytes("authorization", format!("Bearer {}", token.trim()).as_bytes())
    }

    /// Returns the same on the Envoy route of this name.
    #[must_use]
    pub fn with_route(mut self, name: &str) -> Request {
        self.route = name.as_bytes().to_vec();
        self
    }

    /// Returns all headers as Envoy passes them. Envoy joins the lines of `authorization`, and of no other header.
    pub(super) fn pairs(&self) -> Vec<(&[u8], &[u8])> {
        let own = [
            (":method", &self.method),
            (":scheme", &self.scheme),
            (":authority", &self.authority),
            (":path", &self.path),
        ];
        let own = own.into_iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let sent = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_bytes(), value.as_slice()));
        own.chain(sent).collect()
    }

    /// Returns every part of the request that could be a token: three parts of base64url with dots between them.
    pub(super) fn possible_tokens(&self) -> Vec<&str> {
        let values = self.headers.iter().filter_map(|(_, value)| str::from_utf8(value).ok());
        let values = values.chain([self.path.as_str()]);
        let is_of_token = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
        values
            .flat_map(|value| value.split(move |char| !is_of_token(char)))
            .filter(|word| word.split('.').count() >= 3)
            .collect()
    }
}

impl DescribeRoute for Request {
    fn name(&self) -> Vec<u8> {
        self.route.clone()
    }

    fn metadata(&self) -> RouteMetadata {
        RouteMetadata::Absent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(request: &Request) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        request
            .pairs()
            .into_iter()
            .map(|(name, value)| (text(name), text(value)))
            .collect()
    }

    #[test]
    fn urls_are_taken_apart_and_not_changed() {
        for (url, authority, path) in [
            ("/a/../b?x", "localhost", "/a/../b?x"),
            ("https://h:8443/a//b", "h:8443", "/a//b"),
            ("http://h", "h", "/"),
            ("http://h?x=1", "h", "/?x=1"),
            ("http://u@h/%2f#top", "u@h", "/%2f"),
        ] {
            let shown = shown(&Request::new("GET", url).unwrap());
            assert_eq!((shown[2].1.as_str(), shown[3].1.as_str()), (authority, path), "{url}");
        }
        for url in ["", "ftp://h/", "h/a"] {
            assert_eq!(Request::new("GET", url).unwrap_err(), RequestError::Url(url.to_owned()));
        }
    }

    #[test]
    fn headers_are_lines() {
        let request = Request::new("GET", "/").unwrap();
        let request = request
            .with_header("X-A:  b ")
            .unwrap()
            .with_header("Host: example.com")
            .unwrap();
        let shown = shown(&request);
        assert_eq!(shown[2].1, "example.com");
        assert_eq!(shown[4], ("x-a".to_owned(), "b".to_owned()));
        for line in ["", "no colon", ": x", "a b: c"] {
            assert!(request.clone().with_header(line).is_err(), "{line}");
        }
    }

    #[test]
    fn tokens_are_found_wherever_they_stand() {
        let request = Request::new("GET", "/?t=a.b.c")
            .unwrap()
            .with_token("d.e.f")
            .with_header("cookie: x=g.h.i; y=1")
            .unwrap();
        assert_eq!(request.possible_tokens(), ["d.e.f", "g.h.i", "a.b.c"]);
    }
}
