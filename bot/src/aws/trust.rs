//! Whose certificates the functions take for those of AWS. To read all that an operating system trusts is most of what a
//! function does when it starts, and five of them are AWS's.

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use data_encoding::BASE64;
use memchr::memmem;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

/// The roots of Amazon Trust Services: <https://www.amazontrust.com/repository/>.
const ROOTS: [&str; 5] = [
    "Amazon Root CA 1",
    "Amazon Root CA 2",
    "Amazon Root CA 3",
    "Amazon Root CA 4",
    "Starfield Services Root Certificate Authority - G2",
];

/// The variables by which an operator names other certificates, such as those of a proxy that looks into what leaves.
const NAMED: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// What a function trusts when it speaks to AWS: AWS's own roots, or whatever the operating system trusts where the
/// operator names certificates or the region is of a partition that has others.
pub(super) fn tls_context(lookup: impl Fn(&str) -> Option<String>) -> TlsContext {
    let names_others = NAMED.iter().any(|name| lookup(name).is_some());
    if names_others || !lookup("AWS_REGION").is_some_and(|region| is_commercial(&region)) {
        return TlsContext::default();
    }
    let trust = own_roots().fold(TrustStore::empty(), |trust, der| trust.with_pem_certificate(pem(der)));
    TlsContext::builder().with_trust_store(trust).build().unwrap_or_default()
}

/// Whether a region is of the partition `aws`, as `eu-west-1` is. The names of others have four parts, but for China's:
/// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>.
fn is_commercial(region: &str) -> bool {
    region.split('-').count() == 3 && !region.starts_with("cn-")
}

/// The roots, in the list of Mozilla.
fn own_roots() -> impl Iterator<Item = &'static [u8]> {
    let own = ROOTS.map(memmem::Finder::new);
    let ders = TLS_SERVER_ROOT_CERTS.iter().map(AsRef::as_ref);
    ders.filter(move |der| own.iter().any(|name| name.find(der).is_some()))
}

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", BASE64.encode(der))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A root that Mozilla drops, or that is named otherwise, is noticed with the update of the list.
    #[test]
    fn every_root_is_in_the_list_once() {
        for name in ROOTS {
            let finder = memmem::Finder::new(name);
            assert_eq!(own_roots().filter(|der| finder.find(der).is_some()).count(), 1, "{name}");
        }
        assert_eq!(own_roots().count(), ROOTS.len());
    }

    #[test]
    fn aws_is_known_by_its_own_roots_unless_there_may_be_others() {
        let trusted = |variables: &[(&str, &str)]| {
            let found =
                |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            format!("{:?}", tls_context(found))
        };
        let own = trusted(&[("AWS_REGION", "eu-west-1")]);
        assert_eq!(own.matches("CertificatePEM").count(), ROOTS.len());
        assert!(own.contains("enable_native_roots: false"));
        for region in ["us-east-1", "ap-southeast-7", "mx-central-1"] {
            assert_eq!(trusted(&[("AWS_REGION", region)]), own);
        }
        let system = format!("{:?}", TlsContext::default());
        assert!(system.contains("enable_native_roots: true"));
        for region in ["cn-north-1", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1", ""] {
            assert_eq!(trusted(&[("AWS_REGION", region)]), system, "{region}");
        }
        assert_eq!(trusted(&[]), system);
        for name in NAMED {
            assert_eq!(trusted(&[("AWS_REGION", "eu-west-1"), (name, "/etc/proxy.pem")]), system, "{name}");
        }
    }
}
