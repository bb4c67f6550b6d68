use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};
use rustls::Error;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// So many peers are remembered; whoever shows more chains than that only makes us verify again.
const MOST: usize = 1024;

/// When certificates hold, in seconds since 1970, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    from: i64,
    until: i64,
}

impl Span {
    pub(super) fn of(certificate: &X509Certificate<'_>) -> Self {
        let validity = certificate.validity();
        Self {
            from: validity.not_before.timestamp(),
            until: validity.not_after.timestamp(),
        }
    }

    pub(super) fn holds(self, now: UnixTime) -> bool {
        i64::try_from(now.as_secs()).is_ok_and(|now| (self.from..=self.until).contains(&now))
    }

    fn and(self, other: Self) -> Self {
        Self {
            from: self.from.max(other.from),
            until: self.until.min(other.until),
        }
    }
}

/// Chains that were found good, by one judge: one set of roots, trust domains and names. The same peers come again and
/// again, and half of what a handshake costs beside the exchange of keys is to verify what was verified before.
///
/// Only what does not change is remembered: that a peer has the key of its certificate is shown in every handshake, and
/// that no certificate has ended is asked each time. Whoever has other roots is another judge, and begins anew. Lists of
/// revoked certificates end too: a judge that has some remembers nothing.
#[derive(Debug)]
pub(super) struct Verified {
    chains: Option<Mutex<HashMap<[u8; 32], Span>>>,
}

impl Verified {
    /// Of a judge with these lists of revoked certificates.
    pub(super) fn beside(lists: &[CertificateRevocationListDer<'_>]) -> Self {
        Self {
            chains: lists.is_empty().then(Mutex::default),
        }
    }

    /// As `verify` says, which is asked of a chain that was not found good before.
    pub(super) fn once(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
        verify: impl FnOnce() -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(chains) = &self.chains else {
            return verify();
        };
        let digest = digest(leaf, intermediates);
        let chains = || chains.lock().unwrap_or_else(PoisonError::into_inner);
        if chains().get(&digest).is_some_and(|span| span.holds(now)) {
            return Ok(());
        }
        verify()?;
        if let Some(span) = span(leaf, intermediates) {
            let mut chains = chains();
            if chains.len() >= MOST {
                chains.clear();
            }
            chains.insert(digest, span);
        }
        Ok(())
    }
}

/// Of every certificate, and of where each of them ends.
fn digest(leaf: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for certificate in std::iter::once(leaf).chain(intermediates) {
        context.update(&(certificate.len() as u64).to_be_bytes());
        context.update(certificate);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

/// When all of them hold; `None` where one is not readable, or they never hold together.
fn span(leaf: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) -> Option<Span> {
    let of = |certificate: &CertificateDer<'_>| {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        Some(Span::of(&parsed))
    };
    let span = intermediates
        .iter()
        .try_fold(of(leaf)?, |span, other| Some(span.and(of(other)?)))?;
    (span.from <= span.until).then_some(span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::time::Duration;

    fn certificate(from: i32, until: i32) -> CertificateDer<'static> {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::default();
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        params.self_signed(&key).unwrap().der().clone()
    }

    fn year(year: u64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs((year - 1970) * 31_556_952))
    }

    #[test]
    fn a_chain_is_verified_once_while_all_of_it_holds() {
        let (leaf, other, authority) = (
            certificate(2000, 2030),
            certificate(2000, 2030),
            certificate(2010, 2020),
        );
        let (verified, asked) = (Verified::beside(&[]), Cell::new(0));
        let ask = |leaf, intermediates, now, good| {
            let before = asked.get();
            let found = verified.once(leaf, intermediates, now, || {
                asked.set(asked.get() + 1);
                if good {
                    Ok(())
                } else {
                    Err(Error::General("no".to_owned()))
                }
            });
            (found.is_ok(), asked.get() > before)
        };
        let chain = std::slice::from_ref(&authority);
        assert_eq!(ask(&leaf, chain, year(2015), false), (false, true));
        assert_eq!(
            ask(&leaf, chain, year(2015), true),
            (true, true),
            "no verdict but a good one is kept"
        );
        assert_eq!(ask(&leaf, chain, year(2016), false), (true, false));
        assert_eq!(ask(&leaf, &[], year(2016), false), (false, true), "another chain");
        assert_eq!(
            ask(&other, chain, year(2016), false),
            (false, true),
            "another leaf"
        );
        assert_eq!(
            ask(&leaf, chain, year(2025), false),
            (false, true),
            "an authority that has ended"
        );
        assert_eq!(
            ask(&leaf, chain, year(2005), false),
            (false, true),
            "an authority that has not begun"
        );
    }

    #[test]
    fn chains_without_number_are_not_kept() {
        let verified = Verified::beside(&[]);
        let leaf = certificate(2000, 2030);
        for n in 0..2 * MOST {
            // Not readable as a whole, but for its beginning: what follows it makes it another.
            let longer: CertificateDer<'_> = [leaf.as_ref(), &n.to_be_bytes()].concat().into();
            verified.once(&longer, &[], year(2015), || Ok(())).unwrap();
            assert!(verified.chains.as_ref().unwrap().lock().unwrap().len() <= MOST);
        }
    }
}
