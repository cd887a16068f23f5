//! AWS partitions: which domain the endpoints of a region have.

/// Region prefix to DNS suffix, from `partitions.json` of AWS's endpoint rule sets. The hyphens at the end distinguish
/// `us-iso-` from `us-isob-`.
const DOMAINS: [(&str, &str); 7] = [
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isof-", "csp.hci.ic.gov"),
];

/// The commercial partition and GovCloud.
const DEFAULT_DOMAIN: &str = "amazonaws.com";

/// Returns the domain of the endpoints in `region`.
pub(in crate::config) fn domain_of(region: &str) -> &'static str {
    DOMAINS
        .iter()
        .find(|(prefix, _)| region.starts_with(prefix))
        .map_or(DEFAULT_DOMAIN, |(_, domain)| domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_its_own_domain() {
        for (region, domain) in [
            ("us-east-1", "amazonaws.com"),
            ("eu-central-1", "amazonaws.com"),
            ("us-gov-west-1", "amazonaws.com"),
            ("cn-north-1", "amazonaws.com.cn"),
            ("cn-northwest-1", "amazonaws.com.cn"),
            ("eusc-de-east-1", "amazonaws.eu"),
            ("us-iso-east-1", "c2s.ic.gov"),
            ("us-iso-west-1", "c2s.ic.gov"),
            ("us-isob-east-1", "sc2s.sgov.gov"),
            ("us-isob-west-1", "sc2s.sgov.gov"),
            ("eu-isoe-west-1", "cloud.adc-e.uk"),
            ("us-isof-south-1", "csp.hci.ic.gov"),
            ("us-isof-east-1", "csp.hci.ic.gov"),
            ("eu-isof-south-1", "csp.hci.ic.gov"),
            // Not in the table: a future partition, and names that only look similar.
            ("us-isox-east-1", "amazonaws.com"),
            ("cna-north-1", "amazonaws.com"),
            ("eu-iso-west-1", "amazonaws.com"),
        ] {
            assert_eq!(domain_of(region), domain, "{region}");
        }
    }
}
