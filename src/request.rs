//! The headers of a request, as bytes.

/// The host's number of a request (its stream context).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u32);

/// All request headers in their order, including pseudo-headers, as bytes: they need not be UTF-8.
/// Envoy has lower-cased the names of HTTP/1 already; those of HTTP/2 are lower case by RFC 9113.
#[derive(Clone, Debug, Default)]
pub struct RequestHead<'a> {
    headers: Vec<(&'a [u8], &'a [u8])>,
    ends_stream: bool,
}

impl<'a> RequestHead<'a> {
    /// Returns a head with these headers, name and value. A body or trailers may follow unless
    /// [`with_end_of_stream`](RequestHead::with_end_of_stream) is used.
    pub fn new(headers: Vec<(&'a [u8], &'a [u8])>) -> RequestHead<'a> {
        RequestHead {
            headers,
            ends_stream: false,
        }
    }

    /// Returns the same head; `ends_stream` is whether the request ends with it.
    pub fn with_end_of_stream(self, ends_stream: bool) -> RequestHead<'a> {
        RequestHead { ends_stream, ..self }
    }

    /// Reports whether the request ends with its headers: neither a body nor trailers follow.
    pub fn ends_stream(&self) -> bool {
        self.ends_stream
    }

    /// Returns all headers, name and value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + '_ {
        self.headers.iter().copied()
    }

    /// Returns all values of the header `name` (lower case), in order.
    pub fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        self.iter()
            .filter(move |(found, _)| *found == name.as_bytes())
            .map(|(_, value)| value)
    }

    /// Returns the first value of the header `name` (lower case).
    pub fn first(&self, name: &str) -> Option<&'a [u8]> {
        self.iter()
            .find(|(found, _)| *found == name.as_bytes())
            .map(|(_, value)| value)
    }

    /// Returns `:path`, including the query; empty if absent.
    pub fn path(&self) -> &'a [u8] {
        self.first(":path").unwrap_or_default()
    }

    /// Returns `:method`; empty if absent.
    pub fn method(&self) -> &'a [u8] {
        self.first(":method").unwrap_or_default()
    }

    /// Returns `:authority`, with the port if it was sent; empty if absent.
    pub fn authority(&self) -> &'a [u8] {
        self.first(":authority").unwrap_or_default()
    }
}

/// Reports whether the byte may be part of a token (RFC 9110, section 5.6.2), such as the name of a header or a method.
pub fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Returns a header's name as the loosest upstream reads it: in lower case, with `-` for every byte that is no ASCII letter and
/// no ASCII digit.
///
/// CGI and WSGI read `-` and `_` as the same (RFC 3875, section 4.1.18). PHP folds `.` and the space as well
/// (`php_register_variable_ex` in `main/php_variables.c`), and lighttpd every byte that is no letter and no digit before it
/// starts a CGI program (`http_cgi_encode_varname` in `src/http_cgi.c`): `x.cognito-sub` and `x~cognito+sub` both arrive as
/// `HTTP_X_COGNITO_SUB`.
pub fn fold(name: &str) -> String {
    name.bytes().map(|byte| char::from(fold_byte(byte))).collect()
}

/// Reports whether [`fold`] makes `folded` of the name.
pub fn folds_to(folded: &[u8], name: &[u8]) -> bool {
    folded.len() == name.len() && folded.iter().zip(name).all(|(one, other)| *one == fold_byte(*other))
}

fn fold_byte(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() {
        byte.to_ascii_lowercase()
    } else {
        b'-'
    }
}
