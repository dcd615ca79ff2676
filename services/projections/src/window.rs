//! Windows as moments: the policy's local times on a day, in the community's time zone.

use domain::community::WindowPolicy;
use domain::community::event::Window;
use domain::supply::Category;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One window on one day.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct WindowOnDay {
    /// The community's local day.
    pub day: Date,
    /// When couriers may start, in local time.
    pub opens: Time,
    /// When every door must have its pieces, in local time.
    pub closes: Time,
    /// When it opens.
    pub opens_at: Timestamp,
    /// When it closes.
    pub closes_at: Timestamp,
    /// Pieces that are in by then go in it.
    pub cut_off_at: Timestamp,
}

/// The window that comes next for a category, or that is open, with its countdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NextWindow {
    /// The category that is delivered in it.
    pub category: Category,
    /// The window.
    pub window: WindowOnDay,
    /// Whether it is open now.
    pub is_open: bool,
    /// Seconds until it opens; 0 when it is open.
    pub opens_in_seconds: i64,
    /// Seconds until it closes.
    pub closes_in_seconds: i64,
    /// Seconds until pieces are too late for it; 0 when they are.
    pub cut_off_in_seconds: i64,
}

/// The windows of a policy on a day, earliest first.
pub fn windows_on<'a>(
    policy: &'a WindowPolicy,
    zone: &'a TimeZone,
    day: Date,
) -> impl Iterator<Item = WindowOnDay> + 'a {
    policy.windows.iter().filter_map(move |window| on_day(window, zone, day))
}

/// The window that is open at a moment or comes next, today or tomorrow.
pub fn next_window(
    category: Category,
    policy: &WindowPolicy,
    zone: &TimeZone,
    now: Timestamp,
) -> Option<NextWindow> {
    let window = upcoming(policy, zone, now).find(|window| window.closes_at > now)?;
    let until = |moment: Timestamp| moment.duration_since(now).as_secs().max(0);
    Some(NextWindow {
        category,
        window,
        is_open: window.opens_at <= now,
        opens_in_seconds: until(window.opens_at),
        closes_in_seconds: until(window.closes_at),
        cut_off_in_seconds: until(window.cut_off_at),
    })
}

/// The window in which a piece goes that came in at a moment: the first that it is not too late
/// for.
pub fn due_window(
    policy: &WindowPolicy,
    zone: &TimeZone,
    arrived_at: Timestamp,
) -> Option<WindowOnDay> {
    upcoming(policy, zone, arrived_at).find(|window| window.cut_off_at >= arrived_at)
}

fn upcoming<'a>(
    policy: &'a WindowPolicy,
    zone: &'a TimeZone,
    now: Timestamp,
) -> impl Iterator<Item = WindowOnDay> + 'a {
    let today = now.to_zoned(zone.clone()).date();
    let tomorrow = today.checked_add(1.day()).ok();
    let days = std::iter::once(today).chain(tomorrow);
    days.flat_map(move |day| windows_on(policy, zone, day))
}

fn on_day(window: &Window, zone: &TimeZone, day: Date) -> Option<WindowOnDay> {
    let moment = |time: Time| {
        day.to_datetime(time).to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp())
    };
    Some(WindowOnDay {
        day,
        opens: window.opens,
        closes: window.closes,
        opens_at: moment(window.opens)?,
        closes_at: moment(window.closes)?,
        cut_off_at: moment(window.cut_off)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    fn policy() -> WindowPolicy {
        let window = |opens, closes, cut_off| Window { opens, closes, cut_off };
        let noon = window(time(11, 0, 0, 0), time(12, 30, 0, 0), time(10, 30, 0, 0));
        let evening = window(time(17, 0, 0, 0), time(18, 30, 0, 0), time(16, 30, 0, 0));
        WindowPolicy { windows: vec![noon, evening], immediate_up_to_pieces: None }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_countdown_runs_in_local_time() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let next = |now| next_window(Category::Meal, &policy(), &zone, at(now)).unwrap();
        let before = next("2022-11-10T02:59:00Z");
        assert!(!before.is_open);
        assert_eq!((before.opens_in_seconds, before.cut_off_in_seconds), (60, 0));
        let open = next("2022-11-10T03:00:00Z");
        assert!(open.is_open);
        assert_eq!((open.opens_in_seconds, open.closes_in_seconds), (0, 90 * 60));
        let tomorrow = next("2022-11-10T10:30:00Z");
        assert_eq!(tomorrow.window.day, "2022-11-11".parse().unwrap());
    }

    #[test]
    fn a_piece_goes_in_the_first_window_that_it_is_not_too_late_for() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let due = |now| due_window(&policy(), &zone, at(now)).unwrap();
        assert_eq!(due("2022-11-10T02:30:00Z").opens, time(11, 0, 0, 0));
        assert_eq!(due("2022-11-10T02:30:01Z").opens, time(17, 0, 0, 0));
        let late = due("2022-11-10T09:00:00Z");
        assert_eq!((late.day, late.opens), ("2022-11-11".parse().unwrap(), time(11, 0, 0, 0)));
    }
}
