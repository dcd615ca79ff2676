//! Ids that follow from a number, so that every run of a test sends the same bytes.

use uuid::{Builder, Uuid};

/// 2022-11-10 00:00:00 UTC, in milliseconds: the day on which the tests play.
const DAY_MILLISECONDS: u64 = 1_668_038_400_000;

/// The `number`-th id of a series: a version 7 UUID, as devices make them.
pub fn id(series: u16, number: u64) -> Uuid {
    let mut random = [0; 10];
    random[..2].copy_from_slice(&series.to_be_bytes());
    random[2..].copy_from_slice(&number.to_be_bytes());
    Builder::from_unix_timestamp_millis(DAY_MILLISECONDS.saturating_add(number), &random)
        .into_uuid()
}

#[cfg(test)]
mod tests {
    use super::id;

    #[test]
    fn an_id_is_of_version_7_and_its_own() {
        assert_eq!(id(1, 7).get_version_num(), 7);
        assert_eq!(id(1, 7), id(1, 7));
        assert_ne!(id(1, 7), id(1, 8));
        assert_ne!(id(1, 7), id(2, 7));
    }
}
