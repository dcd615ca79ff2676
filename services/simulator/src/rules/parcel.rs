//! One parcel's custody, step by step.

use std::collections::BTreeMap;

use domain::ids::{ParcelId, RunId};
use jiff::Timestamp;
use jiff::civil::Date;

use super::community::Ground;
use super::facts::{
    Arrived, Disposed, Expected, HandedOff, Identified, Kept, OnRun, Recipient, Relayed, Reopened,
    Settled, Sorted, read,
};
use super::run::{Counted, Run};
use super::{Broken, Look, Sight, too_early};

/// Who answers for a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Custody {
    /// Somebody outside.
    #[default]
    Outside,
    /// The intake point.
    Gate,
    /// The courier of a run.
    Run(RunId),
    /// The volunteer at a building's foot, for a run.
    Foot(RunId),
    /// Its household.
    Household,
    /// Its carrier.
    Carrier,
    /// Nobody: it was thrown away.
    Bin,
}

/// What the log tells of a parcel.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parcel {
    custody: Custody,
    /// Who had it before its end, for an end that is taken back.
    before_end: Custody,
    pub category: String,
    pub weight_grams: Option<u32>,
    building: Option<String>,
    sorted_grid: Option<String>,
    /// How long the agent must act, and since when it does.
    act_seconds: Option<u32>,
    agent_since: Option<Timestamp>,
    clean: bool,
    /// How its last run should count it.
    last: Option<(RunId, Counted)>,
    kept: Option<Date>,
    pub held: bool,
    pub missing: bool,
    /// When something of its own first kept it: nobody knew for whom it was, it was missing,
    /// damaged or called back, an attempt at the door failed, or it was left and never received.
    pub held_up_at: Option<Timestamp>,
    pub arrived_at: Option<Timestamp>,
    pub handed_off_at: Option<Timestamp>,
}

impl Parcel {
    pub(crate) fn custody(&self) -> Custody {
        self.custody
    }

    pub(super) fn look(
        &mut self,
        id: ParcelId,
        sight: &Sight<'_>,
        ground: &Ground,
        runs: &BTreeMap<RunId, Run>,
    ) -> Look {
        let at = sight.meta.recorded_at;
        match sight.event_type {
            "ParcelExpected" => {
                self.must_be(Custody::Outside, "was announced")?;
                let fact: Expected = read(sight.data)?;
                self.is_for(fact.recipient);
            }
            "ParcelArrived" => self.arrived(sight, ground)?,
            "ParcelHeld" => {
                self.held = true;
                self.is_held_up(at);
            }
            "ParcelIdentified" => {
                let fact: Identified = read(sight.data)?;
                self.held = false;
                self.is_for(Some(fact.recipient));
            }
            "ParcelDisinfectionStarted" => {
                self.must_be(Custody::Gate, "was treated")?;
                self.agent_since = Some(at);
            }
            "ParcelDisinfected" => self.disinfected(at)?,
            "ParcelSorted" => self.sorted(sight, ground)?,
            "ParcelLoaded" => self.loaded(id, sight, ground, runs)?,
            "ParcelUnloaded" => {
                let OnRun { run } = read(sight.data)?;
                self.must_be(Custody::Run(run), "was put back")?;
                self.custody = Custody::Gate;
                self.last = None;
            }
            "ParcelRelayed" => {
                let Relayed { run, closed_zone } = read(sight.data)?;
                self.must_be(Custody::Run(run), "was set down")?;
                self.must_be_marked(ground, at, closed_zone.as_deref())?;
                self.custody = Custody::Foot(run);
            }
            "ParcelHandedOff" => self.handed_off(sight, ground)?,
            "ParcelDeliveryFailed" => {
                let OnRun { run } = read(sight.data)?;
                self.must_be_with(run, "was not left")?;
                self.is_held_up(at);
                self.custody = Custody::Run(run);
            }
            "ParcelReturned" => {
                let OnRun { run } = read(sight.data)?;
                self.must_be_with(run, "was brought back")?;
                self.custody = Custody::Gate;
                self.last = Some((run, Counted::Returned));
            }
            "ParcelArrivalUndone" => self.arrival_undone()?,
            "ParcelRefused" => {
                self.must_be(Custody::Gate, "was given back")?;
                self.end(Custody::Carrier);
            }
            "ParcelDisposed" => self.disposed(sight)?,
            "ParcelMissing" => {
                self.missing = true;
                self.is_held_up(at);
            }
            "ParcelFound" => self.missing = false,
            "ParcelKeptOvernight" => self.kept_overnight(sight)?,
            "ParcelReopened" => self.reopened(sight)?,
            "ParcelDisputeSettled" => self.settled(sight)?,
            "ParcelDamaged" | "ParcelRecalled" => self.is_held_up(at),
            "ParcelOrderMatched"
            | "ParcelRecallLifted"
            | "ParcelLateScanNoted"
            | "ParcelDisputed"
            | "ParcelPhotographed" => {}
            other => return Err(Broken(8, format!("nobody knows the event `{other}`"))),
        }
        Ok(())
    }

    fn is_held_up(&mut self, at: Timestamp) {
        self.held_up_at = self.held_up_at.or(Some(at));
    }

    fn arrived(&mut self, sight: &Sight<'_>, ground: &Ground) -> Look {
        self.must_be(Custody::Outside, "came in")?;
        let fact: Arrived = read(sight.data)?;
        if fact.disinfection != ground.policy(&fact.category) {
            let words = format!("it came in under another rule than that of {}", fact.category);
            return Err(Broken(2, words));
        }
        self.act_seconds = fact.disinfection.map(|rule| rule.act_seconds);
        self.category = fact.category;
        self.weight_grams = fact.weight_grams;
        self.is_for(fact.recipient);
        self.custody = Custody::Gate;
        self.arrived_at = Some(sight.meta.occurred_at);
        Ok(())
    }

    fn arrival_undone(&mut self) -> Look {
        self.must_be(Custody::Gate, "was never there")?;
        if self.sorted_grid.is_some() {
            return Err(Broken(1, "it was never there, but somebody sorted it".to_owned()));
        }
        *self = Self::default();
        Ok(())
    }

    fn is_for(&mut self, recipient: Option<Recipient>) {
        if let Some(recipient) = recipient {
            self.building = Some(recipient.door.building);
            self.sorted_grid = self.sorted_grid.take().filter(|grid| *grid == recipient.grid);
        }
    }

    fn disinfected(&mut self, at: Timestamp) -> Look {
        let Some(since) = self.agent_since else {
            return Err(Broken(2, "it was wiped, but no agent was on it".to_owned()));
        };
        if too_early(at, since, self.act_seconds.unwrap_or_default()) {
            return Err(Broken(2, format!("it was wiped at {at}, the agent acts since {since}")));
        }
        self.clean = true;
        Ok(())
    }

    fn sorted(&mut self, sight: &Sight<'_>, ground: &Ground) -> Look {
        self.must_be(Custody::Gate, "was sorted")?;
        self.must_be_clean("was sorted")?;
        let fact: Sorted = read(sight.data)?;
        if ground.grid_of(&fact.building) != Some(&fact.grid) {
            let words = format!("building {} is not in grid {}", fact.building, fact.grid);
            return Err(Broken(3, words));
        }
        if self.building.as_deref() != Some(&fact.building) {
            return Err(Broken(3, format!("it is not for building {}", fact.building)));
        }
        self.sorted_grid = Some(fact.grid);
        Ok(())
    }

    fn loaded(
        &mut self,
        id: ParcelId,
        sight: &Sight<'_>,
        ground: &Ground,
        runs: &BTreeMap<RunId, Run>,
    ) -> Look {
        let OnRun { run } = read(sight.data)?;
        self.must_be(Custody::Gate, "was loaded")?;
        self.must_be_clean("was loaded")?;
        self.must_be_admitted(ground, sight.meta.recorded_at)?;
        let Some(on) = runs.get(&run) else {
            return Err(Broken(1, format!("run {run} was never planned")));
        };
        if self.sorted_grid.is_none() || on.grid() != self.sorted_grid.as_deref() {
            let words =
                format!("it lies in grid {:?}, the run is of {:?}", self.sorted_grid, on.grid());
            return Err(Broken(3, words));
        }
        if on.counted(id) != Some(Counted::OnBoard) {
            return Err(Broken(1, format!("run {run} did not count it when it was loaded")));
        }
        self.custody = Custody::Run(run);
        self.last = Some((run, Counted::OnBoard));
        Ok(())
    }

    fn handed_off(&mut self, sight: &Sight<'_>, ground: &Ground) -> Look {
        let fact: HandedOff = read(sight.data)?;
        if self.custody == Custody::Household {
            return Err(Broken(5, "it was handed off twice".to_owned()));
        }
        if let Some(run) = fact.run {
            self.must_be_with(run, "was handed off")?;
            let mark = fact.closed_zone.as_deref();
            self.must_be_marked(ground, sight.meta.recorded_at, mark)?;
            self.last = Some((run, Counted::Delivered));
        } else {
            self.must_be(Custody::Gate, "was fetched")?;
            self.must_be_clean("was fetched")?;
        }
        if self.building.as_ref() != Some(&fact.door.building) {
            return Err(Broken(3, "it was left at another building".to_owned()));
        }
        self.handed_off_at = Some(sight.meta.occurred_at);
        self.end(Custody::Household);
        Ok(())
    }

    fn end(&mut self, custody: Custody) {
        self.before_end = self.custody;
        self.custody = custody;
    }

    fn kept_overnight(&mut self, sight: &Sight<'_>) -> Look {
        self.must_be(Custody::Gate, "was kept")?;
        let fact: Kept = read(sight.data)?;
        if is_perishable(&self.category) {
            return Err(Broken(6, format!("{} was kept overnight", self.category)));
        }
        if fact.owner.is_empty() || fact.reason.is_empty() {
            return Err(Broken(6, "it stays without a reason or an owner".to_owned()));
        }
        self.kept = Some(fact.day);
        Ok(())
    }

    fn reopened(&mut self, sight: &Sight<'_>) -> Look {
        let fact: Reopened = read(sight.data)?;
        if !matches!(self.custody, Custody::Household | Custody::Carrier | Custody::Bin) {
            return Err(Broken(1, format!("nothing to take back: it is {:?}", self.custody)));
        }
        if self.custody == Custody::Carrier && fact.reason == "brought_again" {
            self.custody = Custody::Gate;
            self.clean = false;
            self.agent_since = None;
            self.sorted_grid = None;
        } else {
            self.take_end_back();
        }
        Ok(())
    }

    fn take_end_back(&mut self) {
        self.custody = self.before_end;
        self.handed_off_at = None;
        if let Custody::Run(run) | Custody::Foot(run) = self.custody {
            self.last = Some((run, Counted::OnBoard));
        }
    }

    /// Thrown away at the gate; or written off where it was lost.
    fn disposed(&mut self, sight: &Sight<'_>) -> Look {
        let fact: Disposed = read(sight.data)?;
        match fact.run {
            Some(run) => {
                self.must_be_with(run, "was written off")?;
                self.last = Some((run, Counted::Lost));
            }
            None => self.must_be(Custody::Gate, "was thrown away")?,
        }
        let lost = fact.reason == "lost";
        if lost != self.missing || (fact.run.is_some() && !lost) {
            let words = format!("it ended as `{}`, missing: {}", fact.reason, self.missing);
            return Err(Broken(1, words));
        }
        self.end(Custody::Bin);
        Ok(())
    }

    fn settled(&mut self, sight: &Sight<'_>) -> Look {
        let fact: Settled = read(sight.data)?;
        let at_home = self.custody == Custody::Household;
        match (fact.truth.as_str(), at_home) {
            ("handed_off", false) => {
                let by = fact.claims.iter().find(|claim| claim.end == "handed_off");
                if let Some(run) = by.and_then(|claim| claim.run) {
                    self.last = Some((run, Counted::Delivered));
                }
                self.missing = false;
                self.end(Custody::Household);
            }
            ("returned", true) => {
                self.custody = Custody::Gate;
                self.handed_off_at = None;
                self.last = self.last.map(|(run, _)| (run, Counted::Returned));
            }
            ("not_received", true) => {
                self.take_end_back();
                self.missing = true;
                self.is_held_up(sight.meta.recorded_at);
            }
            // What had been recorded is true, or the piece is gone either way.
            ("handed_off", true)
            | ("returned" | "not_received", false)
            | ("given_back" | "disposed", _) => {}
            (other, _) => return Err(Broken(1, format!("settled as `{other}`: impossible"))),
        }
        Ok(())
    }

    fn must_be(&self, wanted: Custody, what: &str) -> Look {
        if self.custody == wanted {
            return Ok(());
        }
        let now = self.custody;
        Err(Broken(1, format!("it {what} out of {wanted:?}, but it was {now:?}")))
    }

    fn must_be_with(&self, run: RunId, what: &str) -> Look {
        let now = self.custody;
        if now == Custody::Run(run) || now == Custody::Foot(run) {
            return Ok(());
        }
        Err(Broken(1, format!("it {what} by run {run}, but it was {now:?}")))
    }

    fn must_be_clean(&self, what: &str) -> Look {
        if self.clean || self.act_seconds.is_none() {
            return Ok(());
        }
        Err(Broken(2, format!("it {what} before its agent had acted")))
    }

    fn must_be_admitted(&self, ground: &Ground, at: Timestamp) -> Look {
        let building = self.building.as_deref().unwrap_or_default();
        match ground.closed(building, at) {
            Some(zone) => Err(Broken(3, format!("zone {zone} was closed at {at}"))),
            None => Ok(()),
        }
    }

    /// What reached a zone that is closed says so, and nothing else does. No piece leaves for a
    /// closed zone, so one that reached it was on its way when the zone closed.
    fn must_be_marked(&self, ground: &Ground, at: Timestamp, mark: Option<&str>) -> Look {
        let building = self.building.as_deref().unwrap_or_default();
        let closed = ground.closed(building, at);
        if closed == mark {
            return Ok(());
        }
        Err(Broken(3, format!("closed at {at}: {closed:?}, but it is marked with {mark:?}")))
    }

    /// How a run that once counted it should count it now.
    pub(super) fn as_run_should_count(&self, run: RunId) -> Counted {
        match self.last {
            Some((last, counted)) if last == run => counted,
            // It has been on a later run since, so it came back from this one.
            Some(_) | None => Counted::Returned,
        }
    }

    /// Rule 6 for one parcel.
    pub(super) fn close_day(&self, day: Date) -> Look {
        match self.custody {
            Custody::Outside | Custody::Household | Custody::Carrier | Custody::Bin => Ok(()),
            Custody::Run(run) | Custody::Foot(run) => {
                Err(Broken(6, format!("run {run} still has it in the evening")))
            }
            Custody::Gate if is_perishable(&self.category) => {
                Err(Broken(6, format!("{} is still at the gate", self.category)))
            }
            Custody::Gate if self.kept == Some(day) => Ok(()),
            Custody::Gate => Err(Broken(6, format!("it stays on {day} without a reason"))),
        }
    }
}

/// Whether it spoils.
pub(crate) fn is_perishable(category: &str) -> bool {
    matches!(category, "meal" | "produce")
}
