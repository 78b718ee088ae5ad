//! Values that are more than their TOML type: each is parsed once, here.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::Tls;

/// An IP address and a port.
pub(super) fn address<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    parse_address(&String::deserialize(from)?)
}

pub(super) fn optional_address<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<SocketAddr>, D::Error> {
    given(from)?.map(|text| parse_address(&text)).transpose()
}

fn parse_address<E: Error>(text: &str) -> Result<SocketAddr, E> {
    let what = "an IP address and a port, such as `127.0.0.1:8080`";
    text.parse().map_err(|_| E::custom(format!("`{text}` is not {what}")))
}

pub(super) fn folder<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
    optional_path(from)?.ok_or_else(|| D::Error::custom("name a folder"))
}

pub(super) fn optional_path<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<PathBuf>, D::Error> {
    Ok(given(from)?.map(PathBuf::from))
}

/// An absolute http or https address without query; the slash at its end is dropped.
pub(super) fn optional_url<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    given(from)?.map(|text| base_url(&text)).transpose()
}

fn base_url<E: Error>(text: &str) -> Result<String, E> {
    let wrong = || {
        E::custom(format!("`{text}` is not an http or https URL, such as `https://keys.example`"))
    };
    let url: http::Uri = text.parse().map_err(|_| wrong())?;
    let known = matches!(url.scheme_str(), Some("http" | "https"));
    if !known || url.authority().is_none() || url.query().is_some() {
        return Err(wrong());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Addresses and CIDR ranges.
pub(super) fn networks<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    texts.iter().map(|text| network(text)).collect()
}

fn network<E: Error>(text: &str) -> Result<IpNet, E> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    let wrong = |_| E::custom(format!("`{text}` is not an address or range, such as `10.0.0.0/8`"));
    text.parse::<IpNet>().or_else(|_| address()).map_err(wrong)
}

/// A whole number of at least 1.
pub(super) fn count<'de, D, N>(from: D) -> Result<N, D::Error>
where
    D: Deserializer<'de>,
    N: TryFrom<i64> + Display,
{
    let number = i64::deserialize(from)?;
    let fits = N::try_from(number).ok().filter(|_| number >= 1);
    fits.ok_or_else(|| D::Error::custom(format!("`{number}` is out of range: it begins at 1")))
}

/// Both files or none.
pub(super) fn tls<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Tls>, D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Files {
        #[serde(deserialize_with = "optional_path")]
        cert_file: Option<PathBuf>,
        #[serde(deserialize_with = "optional_path")]
        key_file: Option<PathBuf>,
    }
    match Files::deserialize(from)? {
        Files { cert_file: Some(cert_file), key_file: Some(key_file) } => {
            Ok(Some(Tls { cert_file, key_file }))
        }
        Files { cert_file: None, key_file: None } => Ok(None),
        _ => Err(D::Error::custom("name both `cert_file` and `key_file`, or neither")),
    }
}

/// A text; none when it is empty.
fn given<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Some(String::deserialize(from)?).filter(|text| !text.is_empty()))
}
