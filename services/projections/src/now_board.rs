//! Where is everything in a community right now, by grid, and how fast does the desk take it in?

use std::collections::{BTreeMap, VecDeque};

use domain::community::event::GridColour;
use domain::ids::GridId;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::building_queue::{self, BuildingQueues, OldestPiece, QueueFigures};
use crate::facts::{Facts, Moved, Spot};
use crate::window::NextWindow;

/// How long arrivals are counted by the minute.
const ARRIVALS_KEPT: SignedDuration = SignedDuration::from_mins(60);
/// The time over which the desk's pace is told.
const PACE: SignedDuration = SignedDuration::from_mins(10);

/// The figures of a grid or of a whole community.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct BoardFigures {
    /// Pieces by where they are.
    pub pieces: QueueFigures,
    /// Pieces that need care: held, failed, missing, disputed, recalled, damaged beyond use.
    pub exceptions: u32,
    /// The piece that waits longest.
    pub oldest: Option<OldestPiece>,
}

/// One grid on the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GridBoard {
    /// The grid; `null` for pieces whose building nobody knows, or whose building is in no grid.
    pub grid: Option<GridId>,
    /// Its colour; never shown without its name.
    pub colour: Option<GridColour>,
    /// Its figures.
    #[serde(rename = "figures")]
    pub figures: BoardFigures,
}

/// How fast the desk takes pieces in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Pace {
    /// Pieces that came in within the last ten minutes.
    pub pieces_last_10_minutes: u32,
    /// Pieces that came in within the last hour.
    pub pieces_last_60_minutes: u32,
}

/// The board of one community.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NowBoard {
    /// The moment that it shows.
    pub at: Timestamp,
    /// Of the whole community.
    pub total: BoardFigures,
    /// By grid.
    pub grids: Vec<GridBoard>,
    /// How fast the desk takes pieces in.
    pub pace: Pace,
    /// Runs that are on their way.
    pub runs_out: u32,
    /// Runs that wait for a courier or are being loaded.
    pub runs_waiting: u32,
    /// The next window of every category that has windows.
    pub windows: Vec<NextWindow>,
}

/// What the board counts besides the buildings' queues: arrivals by the minute.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk {
    minutes: VecDeque<(i64, u32)>,
}

impl Desk {
    /// Counts a piece that came in.
    pub(crate) fn apply(&mut self, moved: &Moved, at: Timestamp) {
        let known = moved.before.is_some_and(|before| before.spot != Spot::Expected);
        let came_in = !known && moved.after.is_some_and(|after| after.spot != Spot::Expected);
        if !came_in {
            return;
        }
        let minute = at.as_second().div_euclid(60);
        match self.minutes.back_mut() {
            Some((last, count)) if *last >= minute => *count += 1,
            _ => self.minutes.push_back((minute, 1)),
        }
        let oldest = minute - ARRIVALS_KEPT.as_secs().div_euclid(60);
        while self.minutes.front().is_some_and(|(minute, _)| *minute < oldest) {
            self.minutes.pop_front();
        }
    }

    fn pace(&self, now: Timestamp) -> Pace {
        let within = |time: SignedDuration| {
            let after = now.as_second() - time.as_secs();
            let minutes = self.minutes.iter().filter(|(minute, _)| minute * 60 > after - 60);
            minutes.map(|(_, count)| count).sum()
        };
        Pace { pieces_last_10_minutes: within(PACE), pieces_last_60_minutes: within(ARRIVALS_KEPT) }
    }
}

/// The board at a moment.
pub fn board(facts: &Facts, queues: &BuildingQueues, desk: &Desk, now: Timestamp) -> NowBoard {
    let today = now.to_zoned(facts.zone().clone()).date();
    let mut total = BoardFigures::default();
    let mut grids: BTreeMap<Option<&GridId>, BoardFigures> =
        facts.community().grids.keys().map(|grid| (Some(grid), BoardFigures::default())).collect();
    for (number, building) in facts.buildings().numbers() {
        let Some(tally) = queues.tally(number) else { continue };
        let pieces = tally.total(today);
        let oldest = building_queue::oldest(facts, number, now);
        let grid = building.and_then(|building| facts.grid_of(building));
        if grid.is_none() && pieces == QueueFigures::default() {
            continue;
        }
        for figures in [&mut total, grids.entry(grid).or_default()] {
            add(&mut figures.pieces, pieces);
            figures.exceptions += tally.exceptions;
            keep_older(&mut figures.oldest, oldest.as_ref());
        }
    }
    let colour = |grid: Option<&GridId>| facts.community().grids.get(grid?).copied();
    let mut grids: Vec<_> = grids
        .into_iter()
        .map(|(grid, figures)| GridBoard { grid: grid.cloned(), colour: colour(grid), figures })
        .collect();
    grids.sort_by_cached_key(|board| match &board.grid {
        Some(grid) => (0, building_queue::natural(grid.as_str())),
        None => (1, building_queue::natural("")),
    });
    let (runs_out, runs_waiting) = runs(facts);
    NowBoard {
        at: now,
        total,
        grids,
        pace: desk.pace(now),
        runs_out,
        runs_waiting,
        windows: building_queue::next_windows(facts, now),
    }
}

/// Adds the figures of one queue to those of many.
pub fn add(sum: &mut QueueFigures, more: QueueFigures) {
    sum.expected += more.expected;
    sum.at_gate += more.at_gate;
    sum.disinfecting += more.disinfecting;
    sum.to_sort += more.to_sort;
    sum.on_shelf += more.on_shelf;
    sum.loaded += more.loaded;
    sum.at_foot += more.at_foot;
    sum.failed += more.failed;
    sum.held += more.held;
    sum.missing += more.missing;
    sum.handed_off_today += more.handed_off_today;
}

fn keep_older(kept: &mut Option<OldestPiece>, other: Option<&OldestPiece>) {
    if let Some(other) = other
        && kept.as_ref().is_none_or(|kept| other.arrived_at < kept.arrived_at)
    {
        *kept = Some(other.clone());
    }
}

fn runs(facts: &Facts) -> (u32, u32) {
    facts.runs().fold((0, 0), |(out, waiting), (_, run)| match run.state.phase {
        domain::run::Phase::Departed => (out + 1, waiting),
        domain::run::Phase::Planned
        | domain::run::Phase::Offered
        | domain::run::Phase::Accepted => (out, waiting + 1),
        domain::run::Phase::Unknown
        | domain::run::Phase::Closed
        | domain::run::Phase::Cancelled => (out, waiting),
    })
}
