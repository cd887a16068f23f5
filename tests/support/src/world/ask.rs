//! Requests, and the routes that they take.

use envoy_cognito_jwt::env::{DescribeRoute, RouteMetadata};

/// A request to ask with.
#[derive(Clone, Debug)]
pub struct Ask {
    method: String,
    authority: String,
    path: String,
    headers: Vec<(String, Vec<u8>)>,
    /// Whether nothing follows the headers, neither a body nor trailers.
    pub ends_stream: bool,
    /// The route that Envoy has chosen.
    pub route: Route,
}

/// A route.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its name.
    pub name: String,
    /// Its metadata for the filter.
    pub metadata: RouteMetadata,
}

impl DescribeRoute for Route {
    fn name(&self) -> Vec<u8> {
        self.name.clone().into_bytes()
    }

    fn metadata(&self) -> RouteMetadata {
        self.metadata.clone()
    }
}

impl Ask {
    /// `GET` of this path.
    pub fn get(path: &str) -> Ask {
        Ask {
            method: "GET".to_owned(),
            authority: "api.example.com".to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            ends_stream: true,
            route: Route {
                name: String::new(),
                metadata: RouteMetadata::Absent,
            },
        }
    }

    /// `GET /` with this bearer token.
    pub fn bearer(token: &str) -> Ask {
        Ask::get("/").with_token(token)
    }

    /// With another method.
    pub fn method(mut self, method: &str) -> Ask {
        method.clone_into(&mut self.method);
        self
    }

    /// To another host, with or without a port.
    pub fn authority(mut self, authority: &str) -> Ask {
        authority.clone_into(&mut self.authority);
        self
    }

    /// With a bearer token.
    pub fn with_token(self, token: &str) -> Ask {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// With one header more.
    pub fn header(self, name: &str, value: &str) -> Ask {
        self.header_bytes(name, value.as_bytes())
    }

    /// With one header more, of any bytes.
    pub fn header_bytes(mut self, name: &str, value: &[u8]) -> Ask {
        self.headers.push((name.to_owned(), value.to_vec()));
        self
    }

    /// With a body or trailers behind the headers.
    pub fn with_body(mut self) -> Ask {
        self.ends_stream = false;
        self
    }

    /// On a route with this metadata.
    pub fn on_route(mut self, metadata: RouteMetadata) -> Ask {
        self.route = Route {
            name: "the-route".to_owned(),
            metadata,
        };
        self
    }

    /// All header pairs as the host gives them.
    pub(super) fn head(&self) -> Vec<(String, Vec<u8>)> {
        let mut head = vec![
            (":method".to_owned(), self.method.clone().into_bytes()),
            (":authority".to_owned(), self.authority.clone().into_bytes()),
            (":path".to_owned(), self.path.clone().into_bytes()),
            (":scheme".to_owned(), b"https".to_vec()),
        ];
        head.extend(self.headers.iter().cloned());
        head
    }
}
