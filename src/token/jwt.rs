//! JWTs (RFC 7519) in the compact serialization of RFC 7515, parsed strictly.
