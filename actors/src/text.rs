//! Rules for the texts that people give to things.

use crate::error::{Error, Result};

/// Code points of a display name, at most.
const NAME_CHARS_MAX: usize = 200;
/// Bytes of a description, at most.
const DESCRIPTION_BYTES_MAX: usize = 2_000;

/// 1 to 200 code points, without control or bidirectional override characters.
pub fn display_name(field: &'static str, text: &str) -> Result<()> {
    name(field, text, NAME_CHARS_MAX)
}

/// A [`display_name`], or none.
pub fn display_name_if_any(field: &'static str, text: Option<&str>) -> Result<()> {
    text.map_or(Ok(()), |text| display_name(field, text))
}

/// 1 to `chars_max` code points, without control or bidirectional override characters.
pub fn name(field: &'static str, text: &str, chars_max: usize) -> Result<()> {
    let length = text.chars().count();
    if length == 0 || length > chars_max || text.trim().is_empty() {
        return Err(Error::invalid(field, format!("must have 1 to {chars_max} characters")));
    }
    if text.chars().any(is_hidden) {
        return Err(Error::invalid(field, "must not have control characters"));
    }
    Ok(())
}

/// A JSON object as text, of up to `bytes_max` bytes.
pub fn json_object(field: &'static str, text: &str, bytes_max: usize) -> Result<()> {
    if text.len() > bytes_max {
        let problem = format!("takes at most {bytes_max} bytes, this is {}", text.len());
        return Err(Error::invalid(field, problem));
    }
    let object = text.trim_start().starts_with('{');
    if object && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        return Ok(());
    }
    Err(Error::invalid(field, "must be a JSON object"))
}

/// An optional text of up to 2,000 bytes without hidden characters but line breaks and tabs.
pub fn description(field: &'static str, text: Option<&str>) -> Result<()> {
    let Some(text) = text else { return Ok(()) };
    if text.len() > DESCRIPTION_BYTES_MAX {
        let problem = format!("takes at most {DESCRIPTION_BYTES_MAX} bytes");
        return Err(Error::invalid(field, problem));
    }
    if text.chars().any(|c| is_hidden(c) && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Error::invalid(field, "must not have control characters"));
    }
    Ok(())
}

/// `[a-z0-9]`, inner hyphens, at most 63 characters.
pub fn slug(field: &'static str, text: &str) -> Result<()> {
    let fits = (1..=63).contains(&text.len());
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if fits && text.chars().all(allowed) && !text.starts_with('-') && !text.ends_with('-') {
        return Ok(());
    }
    let problem = format!(
        "`{}` is no slug: 1 to 63 of a-z, 0-9 and inner hyphens",
        text.chars().take(64).collect::<String>()
    );
    Err(Error::invalid(field, problem))
}

/// An optional absolute http or https address of up to 2,048 bytes.
pub fn url(field: &'static str, text: Option<&str>) -> Result<()> {
    let Some(text) = text else { return Ok(()) };
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let whole = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    if whole && plain && text.len() <= 2_048 {
        return Ok(());
    }
    Err(Error::invalid(field, "must be an absolute http or https URL of up to 2048 bytes"))
}

/// An optional colour as `#rgb` or `#rrggbb`.
pub fn color(field: &'static str, text: Option<&str>) -> Result<()> {
    let Some(text) = text else { return Ok(()) };
    let digits = text.strip_prefix('#').unwrap_or_default();
    if matches!(digits.len(), 3 | 6) && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(Error::invalid(field, "must be a colour like `#1a2b3c`"))
}

/// Control characters, and those that turn the direction of what is read.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_slugs_are_told_apart_from_what_is_none() {
        for good in ["Ärger & Co", "a", &"x".repeat(200)] {
            assert!(display_name("name", good).is_ok(), "{good}");
        }
        for bad in ["", "   ", "a\u{202E}b", "a\nb", &"x".repeat(201)] {
            assert!(display_name("name", bad).is_err(), "{bad:?}");
        }
        for good in ["a", "acme-1", &"x".repeat(63)] {
            assert!(slug("slug", good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", &"x".repeat(64)] {
            assert!(slug("slug", bad).is_err(), "{bad}");
        }
    }
}
