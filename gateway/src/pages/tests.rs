//! Tests of the embedded pages: what is served, how it is negotiated, and that the vendored files
//! are the published ones.

use sha2::{Digest, Sha256};

use super::{Asset, page, paths};

fn get(path: &str, accept_encoding: &str) -> Asset {
    page(path, accept_encoding).unwrap_or_else(|| panic!("no page at `{path}`"))
}

fn text(path: &str) -> String {
    String::from_utf8(get(path, "").body.to_vec()).expect("assets are UTF-8")
}

/// The `src` and `href` of a page that lead to the gateway, as paths.
fn references(page: &str) -> Vec<String> {
    let base = page.rsplit_once('/').map_or("", |(base, _)| base);
    let html = text(page);
    ["src=\"", "href=\""]
        .iter()
        .flat_map(|attribute| html.split(attribute).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .filter(|link| !link.starts_with("data:"))
        .map(|link| format!("{base}/{link}"))
        .collect()
}

#[test]
fn pages_are_html_under_the_policy() {
    for path in ["/api/v1/docs", "/api-docs"] {
        let asset = get(path, "gzip");
        assert_eq!(asset.content_type, "text/html; charset=utf-8");
        assert_eq!(asset.content_encoding, None);
        assert_eq!(asset.cache_control, "no-cache");
        let policy = asset.csp.expect("a page has a policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{policy}");
        assert!(!policy.contains("unsafe-eval") && !policy.contains("  "), "{policy}");
    }
}

#[test]
fn pages_hold_no_script_and_name_no_other_host() {
    for path in ["/api/v1/docs", "/api-docs"] {
        let html = text(path);
        assert_eq!(html.matches("<script").count(), html.matches("defer></script>").count());
        for link in references(path) {
            let is_document = link == format!("{path}/openapi.json");
            assert!(is_document || page(&link, "").is_some(), "`{path}` refers to `{link}`");
        }
    }
}

#[test]
fn every_asset_is_used_by_a_page() {
    let used = [references("/api/v1/docs"), references("/api-docs")].concat();
    for path in paths().filter(|path| path.contains("/assets/")) {
        assert!(used.iter().any(|link| link == path), "`{path}` is served and never used");
    }
}

#[test]
fn unknown_paths_are_no_pages() {
    for path in [
        "/",
        "/api/v1/docs/",
        "/api-docs/",
        "/api/v1/docs/openapi.json",
        "/api/v1/docs/assets/",
        "/api-docs/assets/../explorer.html",
        "/api-docs/assets/swagger-ui-bundle.js.gz",
        "/api-docs/assets/scalar-1.72.1.js",
    ] {
        assert!(page(path, "gzip").is_none(), "`{path}`");
    }
}

#[test]
fn vendored_files_are_negotiated() {
    let path = "/api/v1/docs/assets/scalar-1.72.1.js";
    for (accept, is_packed) in [
        ("gzip", true),
        ("br, GZIP;q=0.1", true),
        ("deflate,x-gzip", true),
        ("*", true),
        ("identity, *;q=0.5", true),
        ("", false),
        ("br", false),
        ("gzip;q=0", false),
        ("gzip; q=0.000, *", false),
        ("gzip;q=nonsense", false),
        ("*;q=0", false),
        ("gzipped", false),
    ] {
        let asset = get(path, accept);
        assert_eq!(asset.content_encoding.is_some(), is_packed, "`{accept}`");
        assert_eq!(asset.body.starts_with(&[0x1f, 0x8b]), is_packed, "`{accept}`");
        assert_eq!(asset.vary, Some("accept-encoding"));
        assert_eq!(asset.cache_control, "public, max-age=31536000, immutable");
    }
}

#[test]
fn vendored_files_are_the_published_ones() {
    let notice = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/NOTICE.md"));
    let immutable = paths().filter(|path| get(path, "").cache_control.contains("immutable"));
    let mut seen = 0;
    for path in immutable {
        let digest = hex::encode(Sha256::digest(get(path, "").body));
        assert!(notice.contains(&digest), "`{path}` is {digest}, which NOTICE.md does not list");
        seen += 1;
    }
    assert_eq!(seen, 3);
}

#[test]
fn validators_tell_files_and_encodings_apart() {
    let mut tags: Vec<_> = paths().map(|path| get(path, "").etag).collect();
    tags.extend(
        paths()
            .map(|path| get(path, "gzip"))
            .filter_map(|asset| asset.content_encoding.map(|_| asset.etag)),
    );
    assert!(tags.iter().all(|tag| tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"')));
    let count = tags.len();
    tags.sort_unstable();
    tags.dedup();
    assert_eq!(tags.len(), count);
    assert_eq!(count, 12);
}

#[test]
fn a_client_that_has_the_bytes_is_told_so() {
    let asset = get("/api-docs", "gzip");
    let other = get("/api/v1/docs", "gzip").etag;
    let weak = format!("{other}, W/{}", asset.etag);
    for (header, is_fresh) in
        [(asset.etag, true), (weak.as_str(), true), ("*", true), (other, false), ("", false)]
    {
        assert_eq!(asset.is_fresh(header), is_fresh, "`{header}`");
    }
}

#[test]
fn headers_describe_the_body() {
    let headers: Vec<_> = get("/api-docs/assets/swagger-ui-5.35.0.css", "gzip").headers().collect();
    for expected in [
        ("content-type", "text/css; charset=utf-8"),
        ("content-encoding", "gzip"),
        ("vary", "accept-encoding"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert!(headers.contains(&expected), "{headers:?}");
    }
    assert!(headers.iter().all(|(name, _)| *name != "content-security-policy"));
}
