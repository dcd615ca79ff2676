//! The eight rules that must never break, checked on the log's raw events.
//!
//! The checker has a small model of its own and uses none of the engine's folding: a mistake there
//! is not repeated here. It reads event after event, and stops at the first that breaks a rule.
//!
//! | rule | what is looked at |
//! |---|---|
//! | 1 | every custody change starts where the last one ended; runs and parcels count the same |
//! | 2 | nothing leaves before its agent has acted as long as the policy asked for |
//! | 3 | grid of building, shelf, run and courier are one; no delivery into a closed zone |
//! | 4 | what is on a run fits what was declared, and weighs what was weighed |
//! | 5 | one hand-off, unless it was taken back; no command's events stand twice |
//! | 6 | every evening: a reason and an owner for what stays, and no food |
//! | 7 | nothing yet: ration rounds have no aggregate; this rule waits for theirs |
//! | 8 | the log can be read; that views equal its fold is compared in [`crate::simulate`] |

mod community;
mod facts;
mod gate;
mod parcel;
mod plan;
mod run;
#[cfg(test)]
mod tampered;

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::ids::{ParcelId, RunId};
use event_log::RecordedEvent;
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use self::community::Ground;
use self::facts::Meta;
pub(crate) use self::gate::Gate;
pub use self::parcel::Custody;
pub(crate) use self::parcel::Parcel;
pub(crate) use self::plan::Plans;
pub(crate) use self::run::Run;
use crate::day::Spot;

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule {rule} is broken at position {position} in {stream}: {words}")]
pub struct Violation {
    /// Its number in the design, 1 to 8.
    pub rule: u8,
    /// The stream.
    pub stream: String,
    /// The position in the log; the last one read, for what is found at the end of a day.
    pub position: u64,
    /// What is wrong.
    pub words: String,
}

/// A finding, before it is known where.
pub(crate) struct Broken(pub u8, pub String);

/// What came of a look at one event.
pub(crate) type Look = Result<(), Broken>;

/// One event as the checker sees it.
pub(crate) struct Sight<'a> {
    pub event_type: &'a str,
    pub data: &'a [u8],
    pub meta: Meta,
}

/// The checker.
#[derive(Debug, Default)]
pub struct Rules {
    ground: Ground,
    parcels: BTreeMap<ParcelId, Parcel>,
    runs: BTreeMap<RunId, Run>,
    orders: BTreeMap<String, OrderSeen>,
    plans: Plans,
    gate: Gate,
    event_ids: HashSet<Uuid>,
    commands: HashMap<Uuid, u64>,
    position: u64,
}

/// How an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderSeen {
    Open,
    Fulfilled,
    Cancelled,
}

impl Rules {
    /// Looks at the next event of the log.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn observe(&mut self, recorded: &RecordedEvent) -> Result<(), Violation> {
        self.position = recorded.position.0;
        self.look(recorded).map_err(|broken| self.violation(recorded.stream.as_str(), broken))
    }

    fn look(&mut self, recorded: &RecordedEvent) -> Look {
        let meta: Meta = facts::read(&recorded.metadata)?;
        self.look_for_repetition(recorded.id, &meta)?;
        let stream = recorded.stream.as_str();
        let (category, rest) = stream.split_once('-').unwrap_or((stream, ""));
        let id = rest.split_once('.').map_or("", |(_, id)| id);
        let sight = Sight { event_type: &recorded.event_type, data: &recorded.data, meta };
        match category {
            "community" => self.ground.look(&sight),
            "volunteer" => {
                self.gate.look_at_volunteer(id, &sight)?;
                self.ground.look_at_volunteer(id, &sight)
            }
            "parcel" => {
                let parcel = self.parcels.entry(parse(id)?).or_default();
                parcel.look(parse(id)?, &sight, &self.ground, &self.runs)
            }
            "run" => {
                let run = self.runs.entry(parse(id)?).or_default();
                run.look(parse(id)?, &sight, &self.ground, &self.parcels)
            }
            "order" => {
                self.look_at_order(id, sight.event_type);
                Ok(())
            }
            "plan" => self.plans.look(&sight, &self.ground),
            "arrivals" => self.gate.look(id, &sight),
            // No rule is about these.
            "device" | "household" => Ok(()),
            other => Err(Broken(8, format!("nobody knows streams of `{other}`"))),
        }
    }

    /// A command that is delivered again adds nothing: its events stand together, once.
    fn look_for_repetition(&mut self, event: Uuid, meta: &Meta) -> Look {
        if !self.event_ids.insert(event) {
            return Err(Broken(5, format!("event {event} stands in the log twice")));
        }
        let before = self.commands.insert(meta.command_id, self.position);
        match before {
            Some(before) if before + 1 != self.position => {
                let words = format!("command {} was carried out again", meta.command_id);
                Err(Broken(5, words))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn look_at_order(&mut self, id: &str, event_type: &str) {
        let seen = match event_type {
            "OrderPlaced" | "OrderReopened" => OrderSeen::Open,
            "OrderFulfilled" => OrderSeen::Fulfilled,
            "OrderCancelled" => OrderSeen::Cancelled,
            _ => return,
        };
        self.orders.insert(id.to_owned(), seen);
    }

    /// Looks at what stands at the end of a day: rule 6, and that runs and parcels agree.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn close_day(&self, day: Date) -> Result<(), Violation> {
        for (id, parcel) in &self.parcels {
            let broken = |broken| self.violation(&format!("parcel {id}"), broken);
            parcel.close_day(day).map_err(broken)?;
            self.compare_with_run(*id, parcel).map_err(broken)?;
        }
        Ok(())
    }

    /// Every hop is counted on both sides.
    fn compare_with_run(&self, id: ParcelId, parcel: &Parcel) -> Look {
        for (run_id, run) in &self.runs {
            let Some(counted) = run.counted(id) else { continue };
            let real = parcel.as_run_should_count(*run_id);
            if counted != real {
                let words = format!("run {run_id} counts it as {counted:?}, but it is {real:?}");
                return Err(Broken(1, words));
            }
        }
        Ok(())
    }

    /// Compares what the log says with where the pieces really are.
    ///
    /// # Errors
    /// Rule 1 for the first piece that is elsewhere.
    pub fn compare(&self, spots: impl Iterator<Item = (ParcelId, Spot)>) -> Result<(), Violation> {
        for (id, spot) in spots {
            let custody = self.parcels.get(&id).map_or(Custody::Outside, Parcel::custody);
            let real = match spot {
                Spot::Outside => Custody::Outside,
                Spot::Gate => Custody::Gate,
                Spot::Run(run) => Custody::Run(run),
                Spot::Foot(run) => Custody::Foot(run),
                Spot::Household => Custody::Household,
                Spot::Carrier => Custody::Carrier,
                Spot::Bin => Custody::Bin,
            };
            if custody != real {
                let words = format!("the log says {custody:?}, but it is really {real:?}");
                return Err(self.violation(&format!("parcel {id}"), Broken(1, words)));
            }
        }
        Ok(())
    }

    /// A violation found outside the events themselves, such as rule 8.
    pub(crate) fn violation(&self, stream: &str, Broken(rule, words): Broken) -> Violation {
        Violation { rule, stream: stream.to_owned(), position: self.position, words }
    }

    /// The parcels, as the log tells.
    pub(crate) fn parcels(&self) -> impl Iterator<Item = (ParcelId, &Parcel)> {
        self.parcels.iter().map(|(id, parcel)| (*id, parcel))
    }

    /// The runs, as the log tells.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &Run> {
        self.runs.values()
    }

    /// The orders, as the log tells.
    pub(crate) fn orders(&self) -> impl Iterator<Item = OrderSeen> {
        self.orders.values().copied()
    }

    /// What the planner decided, as the log tells.
    pub(crate) fn plans(&self) -> &Plans {
        &self.plans
    }

    /// Who was expected at the gate, as the log tells.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The windows and zones, as the log tells.
    pub(crate) fn ground(&self) -> &Ground {
        &self.ground
    }

    /// How many events were looked at.
    pub fn events(&self) -> u64 {
        self.position
    }
}

fn parse<T: std::str::FromStr>(id: &str) -> Result<T, Broken> {
    id.parse().map_err(|_| Broken(8, format!("`{id}` is no id")))
}

/// Whether `at` is before the moment that is so many seconds after `from`.
pub(crate) fn too_early(at: Timestamp, from: Timestamp, seconds: u32) -> bool {
    at.duration_since(from).as_secs() < i64::from(seconds)
}
