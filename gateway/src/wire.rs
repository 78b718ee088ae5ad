//! How moments, ids and small things look in JSON.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

/// A moment with milliseconds: `2025-07-10T14:00:00.000Z`. Unix milliseconds inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Millis(pub i64);

/// A moment with seconds: `2026-06-13T10:30:00Z`. Unix milliseconds inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seconds(pub i64);

impl Millis {
    /// Appends the text. By hand: it stands in every answer of the platform dialect, and this
    /// takes a tenth of the time of a general formatter.
    pub fn write(self, out: &mut Vec<u8>) {
        seconds(self.0, out);
        out.push(b'.');
        digits(self.0.rem_euclid(1000), 3, out);
        out.push(b'Z');
    }
}

impl Seconds {
    fn write(self, out: &mut Vec<u8>) {
        seconds(self.0, out);
        out.push(b'Z');
    }
}

/// `YYYY-MM-DDTHH:MM:SS`, by the proleptic Gregorian calendar (Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms", `civil_from_days`).
fn seconds(ms: i64, out: &mut Vec<u8>) {
    let s = ms.div_euclid(1000);
    let (days, rest) = (s.div_euclid(86_400), s.rem_euclid(86_400));
    let z = days + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    let parts = [
        (year, 4, b'-'),
        (month, 2, b'-'),
        (doy - (153 * mp + 2) / 5 + 1, 2, b'T'),
        (rest / 3_600, 2, b':'),
        (rest / 60 % 60, 2, b':'),
    ];
    for (value, width, then) in parts {
        digits(value, width, out);
        out.push(then);
    }
    digits(rest % 60, 2, out);
}

fn digits(value: i64, width: u32, out: &mut Vec<u8>) {
    for place in (0..width).rev() {
        let digit = value / 10_i64.pow(place) % 10;
        out.push(b'0' + u8::try_from(digit).unwrap_or(0));
    }
}

macro_rules! moment {
    ($name:ident, $example:literal) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut text = Vec::with_capacity(24);
                self.write(&mut text);
                serializer.serialize_str(std::str::from_utf8(&text).unwrap_or_default())
            }
        }
        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "format": "date-time", "examples": [$example] })
            }
        }
    };
}

moment!(Millis, "2025-07-10T14:00:00.000Z");
moment!(Seconds, "2026-06-13T10:30:00Z");

/// Reads an RFC 3339 moment into Unix milliseconds.
pub fn moment(field: &'static str, text: &str) -> latchkey_actors::error::Result<i64> {
    let parsed = text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_millisecond);
    parsed.map_err(|_| {
        let shown: String = text.chars().take(64).collect();
        let problem = format!("`{shown}` is no RFC 3339 date and time, like 2026-01-31T12:00:00Z");
        latchkey_actors::error::Error::invalid(field, problem)
    })
}

/// Sentences by the member that they are about, as an object.
pub struct Texts<'a>(pub &'a [(Cow<'static, str>, String)]);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(field, text)| (field, text)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn moments_read_like_the_library_writes_them(ms in 0_i64..253_402_300_799_999) {
            let stamp = jiff::Timestamp::from_millisecond(ms).unwrap();
            let mut text = Vec::new();
            Millis(ms).write(&mut text);
            prop_assert_eq!(String::from_utf8(text).unwrap(), format!("{stamp:.3}"));
            let seconds = serde_json::to_string(&Seconds(ms)).unwrap();
            let whole = jiff::Timestamp::from_second(ms / 1000).unwrap();
            prop_assert_eq!(seconds, format!("\"{whole}\""));
        }
    }
}
