//! Ratios are taken round by round, and held to their bounds.

use bytes::Bytes;

use super::*;
use crate::scenario::Kind;

fn sample(answers: u64, processor_s: f64) -> Sample {
    Sample {
        answers,
        elapsed_s: 2.0,
        processor_s,
        client_processor_s: 1.0,
        latency_p50_us: 1.0,
        latency_p99_us: 2.0,
    }
}

fn row(kind: Kind, must: Bound, aim: Bound, rounds: &[(Sample, Sample)]) -> Row {
    let scenario = Scenario { name: "x", request: Bytes::from_static(b"abc"), kind, must, aim };
    let pair =
        |(ceiling, gateway): &(Sample, Sample)| Pair { ceiling: *ceiling, gateway: Some(*gateway) };
    Row::of(&scenario, 60, rounds.iter().map(pair).collect())
}

fn check(row: &Row, ceiling: &str, gateway: &str, ratio: &str, reached: &str) {
    let cells = row.cells();
    assert_eq!([&cells[1], &cells[2], &cells[3], &cells[6]], [ceiling, gateway, ratio, reached]);
}

#[test]
fn the_ratio_is_the_median_of_the_rounds_ratios() {
    let (must, aim) = (Bound::CostRatioMax(2.0), Bound::CostRatioMax(1.5));
    // A neighbour slows the second round of both: its ratio stays.
    let rounds = [
        (sample(1_000_000, 4.0), sample(1_000_000, 6.4)),
        (sample(1_000_000, 8.0), sample(1_000_000, 12.8)),
        (sample(1_000_000, 4.0), sample(500_000, 3.0)),
    ];
    let row = row(Kind::Validate, must, aim, &rounds);
    check(&row, "4.00 µs", "6.40 µs", "1.60 (1.50-1.60)", "must");
}

#[test]
fn a_batch_is_counted_a_check() {
    let (must, aim) = (Bound::CheckMicrosMax(0.5), Bound::CheckMicrosMax(0.2));
    let kind = Kind::Batch { checks: 1_000 };
    for (processor_s, gateway, ratio, reached) in [
        (0.15, "0.150 µs", "3.00 (3.00-3.00)", "aim"),
        (0.4, "0.400 µs", "8.00 (8.00-8.00)", "must"),
        (0.6, "0.600 µs", "12.00 (12.00-12.00)", "missed"),
    ] {
        let rounds = [(sample(1_000, 0.05), sample(1_000, processor_s))];
        check(&row(kind, must, aim, &rounds), "0.050 µs", gateway, ratio, reached);
    }
}

#[test]
fn throughput_must_be_at_least_its_bound() {
    let (must, aim) = (Bound::RateRatioMin(0.6), Bound::RateRatioMin(0.8));
    for (answers, gateway, ratio, reached) in [
        (450_000, "225000/s", "0.90 (0.90-0.90)", "aim"),
        (350_000, "175000/s", "0.70 (0.70-0.70)", "must"),
        (250_000, "125000/s", "0.50 (0.50-0.50)", "missed"),
    ] {
        let rounds = [(sample(500_000, 2.0), sample(answers, 2.0))];
        check(&row(Kind::Validate, must, aim, &rounds), "250000/s", gateway, ratio, reached);
    }
}

#[test]
fn without_a_gateway_there_is_no_ratio() {
    let scenario = Scenario {
        name: "x",
        request: Bytes::new(),
        kind: Kind::Check,
        must: Bound::CostRatioMax(2.0),
        aim: Bound::CostRatioMax(1.6),
    };
    let pair = Pair { ceiling: sample(1_000, 0.004), gateway: None };
    check(&Row::of(&scenario, 60, vec![pair]), "4.00 µs", "-", "-", "-");
}
