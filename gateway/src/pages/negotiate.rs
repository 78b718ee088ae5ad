//! Which encoding a client takes, from its `Accept-Encoding` (RFC 9110, section 12.5.3).

/// Whether the header names gzip, or else `*`, with a weight above zero. An empty header takes the
/// body as it is.
pub(super) fn takes_gzip(accept_encoding: &str) -> bool {
    weight(accept_encoding, &["gzip", "x-gzip"])
        .or_else(|| weight(accept_encoding, &["*"]))
        .is_some_and(|weight| weight > 0.0)
}

/// The weight of the first coding with one of these names. One that cannot be read counts as zero.
fn weight(accept_encoding: &str, names: &[&str]) -> Option<f32> {
    accept_encoding.split(',').find_map(|item| {
        let mut parts = item.split(';').map(str::trim);
        let coding = parts.next()?;
        names.iter().any(|name| coding.eq_ignore_ascii_case(name)).then(|| {
            parts.next().map_or(1.0, |parameter| {
                let value = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="));
                value.and_then(|value| value.parse().ok()).unwrap_or(0.0)
            })
        })
    })
}
