//! Relay connections over sorted keys: pages are asked for by the key after or before which they
//! begin, so that a list that grows in between neither skips nor repeats.

use async_graphql::connection::{Connection, CursorType, Edge, EmptyFields};
use async_graphql::{OutputType, Result};
use runtime::Problem;

use super::fault::fault;

/// The most things on one page.
pub(super) const PAGE_MAX: usize = 100;
/// How many are on a page that does not say how many it wants.
pub(super) const PAGE_USUAL: usize = 20;

/// A page: the keys on it, and whether there is more on either side.
pub(super) struct Page<K> {
    pub keys: Vec<K>,
    has_previous: bool,
    has_next: bool,
}

/// Cuts a page out of the sorted keys of a list.
///
/// # Errors
/// A page that is too large, asked for from both ends, or whose cursor was never told.
pub(super) fn page<K: CursorType + Ord + Clone>(
    keys: impl DoubleEndedIterator<Item = K>,
    first: Option<i32>,
    after: Option<&str>,
    last: Option<i32>,
    before: Option<&str>,
) -> Result<Page<K>> {
    if first.is_some() && last.is_some() {
        return Err(wrong_page());
    }
    let backwards = last.is_some();
    let wanted = first.or(last).map_or(Ok(PAGE_USUAL), usize::try_from);
    let wanted = wanted.ok().filter(|wanted| (1..=PAGE_MAX).contains(wanted));
    let wanted = wanted.ok_or_else(wrong_page)?;
    let cursor = |text: &str| K::decode_cursor(text).map_err(|_| wrong_cursor());
    let (after, before) = (after.map(cursor).transpose()?, before.map(cursor).transpose()?);
    let inside = |key: &K| {
        after.as_ref().is_none_or(|after| key > after)
            && before.as_ref().is_none_or(|before| key < before)
    };
    let mut keys: Vec<K> = if backwards {
        keys.filter(inside).rev().take(wanted + 1).collect()
    } else {
        keys.filter(inside).take(wanted + 1).collect()
    };
    let more = keys.len() > wanted;
    keys.truncate(wanted);
    if backwards {
        keys.reverse();
    }
    let (has_previous, has_next) =
        if backwards { (more, before.is_some()) } else { (after.is_some(), more) };
    Ok(Page { keys, has_previous, has_next })
}

impl<K: CursorType + Send + Sync> Page<K> {
    /// The connection of this page, with what stands behind each key; what is gone is left out.
    pub(super) fn connection<N: OutputType>(
        self,
        nodes: impl IntoIterator<Item = Option<N>>,
    ) -> Connection<K, N, EmptyFields, EmptyFields> {
        let mut connection = Connection::new(self.has_previous, self.has_next);
        let edges = self.keys.into_iter().zip(nodes);
        let edges = edges.filter_map(|(key, node)| Some(Edge::new(key, node?)));
        connection.edges.extend(edges);
        connection
    }
}

fn wrong_page() -> async_graphql::Error {
    fault(&Problem::invalid(
        "page-invalid",
        format!(
            "a page is the `first` or the `last` 1 to {PAGE_MAX} of a list: ask for one of them"
        ),
        format!("分页须给出 `first` 或 `last` 之一，取值 1 到 {PAGE_MAX}"),
    ))
}

fn wrong_cursor() -> async_graphql::Error {
    fault(&Problem::invalid(
        "cursor-invalid",
        "this cursor was never told: send `startCursor` or `endCursor` of a page as it came",
        "游标无效：请原样发送分页返回的 `startCursor` 或 `endCursor`",
    ))
}

/// The cursor of a key: the key itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cursor<K>(pub K);

impl<K> CursorType for Cursor<K>
where
    K: std::fmt::Display + std::str::FromStr<Err: std::fmt::Display>,
{
    type Error = K::Err;

    fn decode_cursor(text: &str) -> std::result::Result<Self, K::Err> {
        text.parse().map(Self)
    }

    fn encode_cursor(&self) -> String {
        self.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(first: Option<i32>, after: Option<&str>, last: Option<i32>) -> (Vec<u32>, bool, bool) {
        let keys = (1..=150_u32).map(Cursor);
        let page = page(keys, first, after, last, None).unwrap();
        let keys = page.keys.iter().map(|key| key.0).collect();
        (keys, page.has_previous, page.has_next)
    }

    #[test]
    fn pages_meet_without_gap_and_overlap() {
        assert_eq!(of(Some(2), None, None), (vec![1, 2], false, true));
        assert_eq!(of(Some(2), Some("2"), None), (vec![3, 4], true, true));
        assert_eq!(of(Some(2), Some("149"), None), (vec![150], true, false));
        assert_eq!(of(None, None, Some(2)), (vec![149, 150], true, false));
        assert_eq!(of(None, None, None).0.len(), PAGE_USUAL);
    }

    #[test]
    fn a_page_of_none_or_too_many_or_both_ends_is_refused() {
        for (first, last) in
            [(Some(0), None), (Some(101), None), (None, Some(-1)), (Some(1), Some(1))]
        {
            assert!(page((1..9_u32).map(Cursor), first, None, last, None).is_err());
        }
        assert!(page((1..9_u32).map(Cursor), None, Some("x"), None, None).is_err());
    }
}
