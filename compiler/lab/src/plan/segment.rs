use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde::Serialize;

/// One network of the lab, a bridge in its namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// The range.
    pub range: Ipv4Net,
    /// The lab's own address on it: the default route of whoever is on it.
    pub router: Ipv4Addr,
    /// Where its DNS answers; also outside of `range`, such as a ClusterIP.
    pub dns: Option<Ipv4Addr>,
}

impl Segment {
    /// The network `range`, whose first address is the router's.
    pub fn of(range: Ipv4Net, dns: Option<Ipv4Addr>) -> Self {
        Self {
            range,
            router: nth(range, 1),
            dns,
        }
    }

    /// The network `range` with its DNS on the 53rd address, or the last one of a smaller network.
    pub fn with_dns(range: Ipv4Net) -> Self {
        let last = range.hosts().next_back().unwrap_or(range.broadcast());
        Self::of(range, Some(nth(range, 53).min(last)))
    }

    /// The 256 addresses around `address`, which is not the router's.
    pub fn around(address: Ipv4Addr) -> Self {
        let range = Ipv4Net::new_assert(address, 24).trunc();
        let free = [1, 254]
            .map(|place| nth(range, place))
            .into_iter()
            .find(|it| *it != address);
        Self {
            range,
            router: free.unwrap_or(range.network()),
            dns: None,
        }
    }
}

fn nth(range: Ipv4Net, place: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(range.network()).saturating_add(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_their_router_and_dns_inside() {
        let vms = Segment::with_dns("10.10.0.0/24".parse().unwrap());
        assert_eq!(
            (vms.router, vms.dns),
            (Ipv4Addr::new(10, 10, 0, 1), Some(Ipv4Addr::new(10, 10, 0, 53)))
        );
        let small = Segment::with_dns("10.10.0.8/29".parse().unwrap());
        assert!(small.range.contains(&small.dns.unwrap()));
        let edge = Segment::around(Ipv4Addr::new(203, 0, 113, 1));
        assert_eq!(edge.router, Ipv4Addr::new(203, 0, 113, 254));
    }
}
