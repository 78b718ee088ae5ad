//! Medians and spreads over rounds.

use serde::Serialize;

/// The middle and the ends of one figure over all rounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// `None` without values, or when one of them is no number.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        if sorted.iter().any(|value| value.is_nan()) {
            return None;
        }
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        Some(Self { median: middle(&sorted)?, min, max })
    }
}

/// The middle of a sorted list; of an even number of values, the mean of the two in the middle.
fn middle(sorted: &[f64]) -> Option<f64> {
    let upper = sorted.len() / 2;
    let lower = sorted.len().saturating_sub(1) / 2;
    Some(f64::midpoint(*sorted.get(lower)?, *sorted.get(upper)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[f64], median: f64, min: f64, max: f64) {
        assert_eq!(Spread::of(values.iter().copied()), Some(Spread { median, min, max }));
    }

    #[test]
    fn the_median_is_the_middle_of_the_sorted_values() {
        check(&[7.0], 7.0, 7.0, 7.0);
        check(&[9.0, 1.0], 5.0, 1.0, 9.0);
        check(&[3.0, 1.0, 100.0], 3.0, 1.0, 100.0);
        check(&[4.0, 2.0, 1.0, 100.0], 3.0, 1.0, 100.0);
        check(&[5.0, 4.0, 3.0, 2.0, 1.0], 3.0, 1.0, 5.0);
    }

    #[test]
    fn nothing_and_no_number_have_no_median() {
        assert_eq!(Spread::of([]), None);
        assert_eq!(Spread::of([1.0, f64::NAN]), None);
    }
}
