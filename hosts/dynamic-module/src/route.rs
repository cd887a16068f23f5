//! The route of a request, read only if it can change the decision.

use crate::envoy::EnvoyStream;
use cognito_jwt::env::{DescribeRoute, MetadataValue, RouteMetadata};

/// The namespace of the filter's metadata.
const NAMESPACE: &str = "cognito";

/// The route of one stream, which was chosen before: see [`EnvoyStream::choose_route`].
pub struct Route<'a>(pub &'a EnvoyStream<'a>);

impl DescribeRoute for Route<'_> {
    fn name(&self) -> Vec<u8> {
        self.0.route_name().unwrap_or_default().to_vec()
    }

    fn metadata(&self) -> RouteMetadata {
        match self.0.route_metadata_names(NAMESPACE) {
            Some(names) if names.is_empty() => RouteMetadata::Absent,
            Some(names) => self.present(&names),
            None => RouteMetadata::Unreadable,
        }
    }
}

impl Route<'_> {
    #[inline(never)]
    fn present(&self, names: &[&[u8]]) -> RouteMetadata {
        let member = |name: &&[u8]| (String::from_utf8_lossy(name).into_owned(), self.value(name));
        RouteMetadata::Present(names.iter().map(member).collect())
    }

    fn value(&self, name: &[u8]) -> MetadataValue {
        if let Some(string) = self.0.route_metadata_string(NAMESPACE, name) {
            return text(string).map_or(MetadataValue::Other, MetadataValue::Text);
        }
        let Some(len) = self.0.route_metadata_list_len(NAMESPACE, name) else {
            return MetadataValue::Other;
        };
        let element = |index| text(self.0.route_metadata_list_string(NAMESPACE, name, index)?);
        let elements: Option<Vec<String>> = (0..len).map(element).collect();
        elements.map_or(MetadataValue::Other, MetadataValue::List)
    }
}

/// Returns a non-empty string.
fn text(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.is_empty()).then(|| text.to_owned())
}
