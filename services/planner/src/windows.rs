//! Windows: when a category is delivered, which window a piece belongs to, and how long it is until
//! then.

use domain::community::event::Window;
use domain::community::{CommunityState, WindowPolicy};
use domain::supply::Category;
use jiff::civil::{DateTime, Time};

/// When a piece goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// Now: its window is open until then.
    Open {
        /// When every door must have its pieces, in local time.
        closes: Time,
    },
    /// Now, whatever the windows say: medicine, what is urgent or would spoil, or a category
    /// without windows.
    AtOnce,
    /// Later today.
    Later {
        /// When its window opens, in local time.
        opens: Time,
    },
    /// Not today.
    NotToday,
}

/// The slot of a piece that came in at `arrived` and is looked at at `now`, both in local time.
///
/// A piece belongs to the first window whose cut-off it met; what came in on an earlier day has met
/// every cut-off. A window that it missed for any other reason is followed by the next one. Food
/// that has no window left goes at once, because it does not keep until tomorrow.
pub fn slot(
    policy: Option<&WindowPolicy>,
    category: Category,
    arrived: DateTime,
    now: DateTime,
) -> Slot {
    if category == Category::Medicine {
        return Slot::AtOnce;
    }
    let Some(policy) = policy.filter(|policy| !policy.windows.is_empty()) else {
        return Slot::AtOnce;
    };
    let today = arrived.date() >= now.date();
    let in_time = |window: &&Window| !today || arrived.time() <= window.cut_off;
    let still = |window: &&Window| now.time() < window.closes;
    match policy.windows.iter().filter(in_time).find(still) {
        Some(window) if window.opens <= now.time() => Slot::Open { closes: window.closes },
        Some(window) => Slot::Later { opens: window.opens },
        None if category.is_perishable() => Slot::AtOnce,
        None => Slot::NotToday,
    }
}

/// How long it is until something of a category's next window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Countdown {
    /// The category.
    pub category: Category,
    /// The window.
    pub window: Window,
    /// Seconds until it opens; 0 when it is open.
    pub opens_in_seconds: u32,
    /// Seconds until pieces are too late for it; `None` when they are.
    pub cut_off_in_seconds: Option<u32>,
    /// Seconds until it closes.
    pub closes_in_seconds: u32,
}

/// The window of each category that is open or comes next today.
pub fn countdowns(community: &CommunityState, now: Time) -> Vec<Countdown> {
    let until = |time: Time| u32::try_from(now.until(time).map_or(0, seconds)).ok();
    let next = |(category, policy): (&Category, &WindowPolicy)| {
        let window = policy.windows.iter().find(|window| now < window.closes)?;
        Some(Countdown {
            category: *category,
            opens_in_seconds: until(window.opens).unwrap_or(0),
            cut_off_in_seconds: until(window.cut_off).filter(|_| now <= window.cut_off),
            closes_in_seconds: until(window.closes).unwrap_or(0),
            window: window.clone(),
        })
    };
    community.windows.iter().filter_map(next).collect()
}

fn seconds(span: jiff::Span) -> i64 {
    span.total(jiff::Unit::Second).map_or(0, whole)
}

#[expect(clippy::cast_possible_truncation, reason = "a day has fewer seconds than that")]
fn whole(seconds: f64) -> i64 {
    seconds as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, time};

    fn policy() -> WindowPolicy {
        let window = |opens, closes, cut_off| Window {
            opens: time(opens, 0, 0, 0),
            closes: time(closes, 0, 0, 0),
            cut_off: time(cut_off, 0, 0, 0),
        };
        let windows = vec![window(10, 12, 11), window(16, 18, 17)];
        WindowPolicy { windows, immediate_up_to_pieces: None }
    }

    #[track_caller]
    fn check(category: Category, arrived: i8, now: i8, expected: Slot) {
        let day = date(2022, 11, 20);
        let at = |hour| day.at(hour, 30, 0, 0);
        assert_eq!(slot(Some(&policy()), category, at(arrived), at(now)), expected);
    }

    #[test]
    fn a_piece_goes_in_the_first_window_whose_cut_off_it_met() {
        let (noon, evening) = (time(12, 0, 0, 0), time(18, 0, 0, 0));
        check(Category::Meal, 9, 9, Slot::Later { opens: time(10, 0, 0, 0) });
        check(Category::Meal, 9, 10, Slot::Open { closes: noon });
        check(Category::Meal, 11, 11, Slot::Later { opens: time(16, 0, 0, 0) });
        check(Category::Meal, 11, 16, Slot::Open { closes: evening });
        check(Category::Meal, 9, 13, Slot::Later { opens: time(16, 0, 0, 0) });
    }

    #[test]
    fn food_without_a_window_goes_at_once_and_goods_wait_for_tomorrow() {
        check(Category::Meal, 17, 17, Slot::AtOnce);
        check(Category::ParcelGoods, 17, 17, Slot::NotToday);
        check(Category::ParcelGoods, 9, 19, Slot::NotToday);
        check(Category::Medicine, 3, 3, Slot::AtOnce);
    }

    #[test]
    fn what_came_yesterday_goes_in_the_first_window() {
        let (yesterday, today) = (date(2022, 11, 19), date(2022, 11, 20));
        let (arrived, now) = (yesterday.at(20, 0, 0, 0), today.at(10, 0, 0, 0));
        let found = slot(Some(&policy()), Category::ParcelGoods, arrived, now);
        assert_eq!(found, Slot::Open { closes: time(12, 0, 0, 0) });
    }

    #[test]
    fn the_countdown_is_to_the_next_window() {
        let mut community = CommunityState::default();
        community.windows.insert(Category::Meal, policy());
        let told = countdowns(&community, time(9, 0, 0, 0));
        assert_eq!(told.len(), 1);
        let Countdown { opens_in_seconds, cut_off_in_seconds, closes_in_seconds, .. } = told[0];
        assert_eq!((opens_in_seconds, closes_in_seconds), (3_600, 10_800));
        assert_eq!(cut_off_in_seconds, Some(7_200));
        assert_eq!(countdowns(&community, time(11, 30, 0, 0))[0].cut_off_in_seconds, None);
        assert!(countdowns(&community, time(19, 0, 0, 0)).is_empty());
    }
}
