//! The address of the client: the peer's, or what a trusted proxy says of it.

use std::net::IpAddr;

use http::HeaderMap;
use ipnet::IpNet;

/// The client's address. Forwarded addresses count only as far back as proxies are trusted.
pub(crate) fn address(trusted: &[IpNet], headers: &HeaderMap, peer: IpAddr) -> IpAddr {
    let peer = peer.to_canonical();
    if trusted.is_empty() || !is_trusted(trusted, peer) {
        return peer;
    }
    let mut client = peer;
    // From the nearest proxy outwards: the first address that is not a trusted proxy's speaks.
    for hop in headers.get_all("x-forwarded-for").iter().rev().flat_map(|value| {
        value.to_str().unwrap_or_default().rsplit(',').map(str::trim).collect::<Vec<_>>()
    }) {
        let Some(address) = hop_address(hop) else { return client };
        client = address;
        if !is_trusted(trusted, client) {
            return client;
        }
    }
    client
}

fn is_trusted(trusted: &[IpNet], address: IpAddr) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// An address, with or without brackets and port.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let plain = hop.parse::<IpAddr>().ok();
    let with_port = || hop.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip());
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    plain.or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwarded_addresses_count_as_far_as_proxies_are_trusted() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        let of = |peer: &str, sent: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in sent {
                headers.append("x-forwarded-for", (*value).parse().unwrap());
            }
            address(&trusted, &headers, peer.parse().unwrap()).to_string()
        };
        let rows: [(&str, &[&str], &str); 7] = [
            ("192.0.2.1", &["198.51.100.7"], "192.0.2.1"),
            ("10.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9, 198.51.100.7, 10.0.0.2"], "198.51.100.7"),
            ("10.0.0.1", &["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", &["nonsense"], "10.0.0.1"),
            ("::ffff:10.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("10.0.0.1", &[], "10.0.0.1"),
        ];
        for (peer, sent, expected) in rows {
            assert_eq!(of(peer, sent), expected, "{peer} {sent:?}");
        }
    }
}
