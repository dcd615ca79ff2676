//! An independent account of one parcel: it follows the events alone and knows who must have held
//! the piece, so it catches a decider that breaks a rule of the community.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "only the commands of the rule in question matter here"
)]

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::address::Recipient;
use crate::community::ZoneAccess;
use crate::ids::{BuildingId, GridId, RecallId, RunId, ZoneId};
use crate::parcel::event::{DeliveryLevel, DisposalReason, End, ParcelEvent, ReopenReason};
use crate::parcel::{Custody, ParcelCommand};
use crate::supply::Category;

/// The rule that a history breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Custody passed from somebody who did not have the piece (rule 1).
    Gap,
    /// The counted hops or the holder differ from those of the events (rule 1).
    Miscounted,
    /// It left before its disinfection had acted (rule 2).
    LeftDirty,
    /// Somebody carried it who does not serve its grid (rule 3).
    WrongGrid,
    /// It left for a closed zone, or reached one without a mark (rule 3).
    ClosedZone,
    /// It was left elsewhere than at its own building or door.
    WrongPlace,
    /// It was handed off twice without having been reopened (rule 5).
    HandedOffTwice,
    /// It was closed as lost though nobody missed it, or on somebody who did not have it.
    WrittenOff,
    /// A meal or produce stayed (rule 6).
    PerishableStayed,
    /// It went on while it was recalled, unusable, disputed or nobody's.
    WentOn,
    /// The same command again caused something (rule 5).
    Repeated,
}

/// Who has the piece, as the model sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Holder {
    #[default]
    Outside,
    Gate,
    Courier(RunId),
    Foot(BuildingId, RunId),
    Household,
    Carrier,
    Bin,
}

impl Holder {
    fn is_on(&self, run: RunId) -> bool {
        match self {
            Self::Courier(with) | Self::Foot(_, with) => *with == run,
            Self::Outside | Self::Gate | Self::Household | Self::Carrier | Self::Bin => false,
        }
    }

    fn is_end(&self) -> bool {
        match self {
            Self::Household | Self::Carrier | Self::Bin => true,
            Self::Outside | Self::Gate | Self::Courier(_) | Self::Foot(..) => false,
        }
    }
}

/// What the model has followed so far.
#[expect(clippy::struct_excessive_bools, reason = "each is one plain fact about the piece")]
#[derive(Debug, Clone, Default)]
pub struct Model {
    holder: Holder,
    holder_before_end: Holder,
    hops: u32,
    category: Option<Category>,
    recipient: Option<Recipient>,
    act_seconds: Option<u32>,
    agent_on_since: Option<Timestamp>,
    confirmed: bool,
    lies_in: Option<(GridId, BuildingId)>,
    at_household: bool,
    recalls: BTreeSet<RecallId>,
    missing: bool,
    unusable: bool,
    disputed: bool,
    /// Hand-offs at a door or at the intake point.
    pub hand_offs: u32,
    /// Relays at a building's foot.
    pub relays: u32,
    /// Returns to the intake point.
    pub returns: u32,
    /// Pieces closed as lost.
    pub written_off: u32,
    /// Reopened ends.
    pub reopened: u32,
    /// Disputes.
    pub disputes: u32,
}

impl Model {
    /// Follows an event that a command caused at a moment.
    pub fn follow(
        &mut self,
        command: &ParcelCommand,
        event: &ParcelEvent,
        now: Timestamp,
    ) -> Result<(), Broken> {
        match event {
            ParcelEvent::Expected(event) => self.recipient.clone_from(&event.recipient),
            ParcelEvent::ArrivalUndone(_) => self.undo_arrival()?,
            ParcelEvent::Arrived(event) => {
                self.pass(|holder| *holder == Holder::Outside, Holder::Gate)?;
                self.category = Some(event.category);
                self.recipient.clone_from(&event.recipient);
                self.act_seconds = event.disinfection.map(|rule| rule.act_seconds);
            }
            ParcelEvent::Held(_) => self.stay_at_gate()?,
            ParcelEvent::Identified(event) => {
                let Recipient { door, grid, .. } = &event.recipient;
                let place = (grid.clone(), door.building.clone());
                self.lies_in = self.lies_in.take().filter(|lies_in| *lies_in == place);
                self.recipient = Some(event.recipient.clone());
            }
            ParcelEvent::DisinfectionStarted(_) => {
                self.stay_at_gate()?;
                self.agent_on_since = Some(now);
                self.confirmed = false;
            }
            ParcelEvent::Disinfected(_) => {
                self.stay_at_gate()?;
                self.confirmed = true;
            }
            ParcelEvent::Sorted(event) => {
                self.stay_at_gate()?;
                self.lies_in = Some((event.grid.clone(), event.building.clone()));
            }
            ParcelEvent::Loaded(event) => self.load(command, event.run, now)?,
            ParcelEvent::Unloaded(event) => {
                self.pass(|holder| *holder == Holder::Courier(event.run), Holder::Gate)?;
            }
            ParcelEvent::Relayed(event) => {
                self.go_on()?;
                marked(command, event.closed_zone.as_ref())?;
                let place = self.recipient.as_ref().map(|to| &to.door.building);
                if place != Some(&event.building) {
                    return Err(Broken::WrongPlace);
                }
                let foot = Holder::Foot(event.building.clone(), event.run);
                self.pass(|holder| *holder == Holder::Courier(event.run), foot)?;
                self.relays += 1;
            }
            ParcelEvent::HandedOff(event) => {
                if self.at_household {
                    return Err(Broken::HandedOffTwice);
                }
                self.go_on()?;
                marked(command, event.closed_zone.as_ref())?;
                if self.recipient.as_ref().map(|to| &to.door) != Some(&event.door) {
                    return Err(Broken::WrongPlace);
                }
                match event.run {
                    Some(run) => self.end(|holder| holder.is_on(run), Holder::Household)?,
                    None if event.level == DeliveryLevel::Pickup => {
                        self.leave_clean(now)?;
                        self.end(|holder| *holder == Holder::Gate, Holder::Household)?;
                    }
                    None => return Err(Broken::Gap),
                }
                self.at_household = true;
                self.disputed = false;
                self.hand_offs += 1;
            }
            ParcelEvent::DeliveryFailed(event) => {
                self.pass(|holder| holder.is_on(event.run), Holder::Courier(event.run))?;
            }
            ParcelEvent::Returned(event) => {
                names_run(command, event.run)?;
                self.pass(|holder| holder.is_on(event.run), Holder::Gate)?;
                self.returns += 1;
            }
            ParcelEvent::Refused(_) => self.leave_for(Holder::Carrier)?,
            ParcelEvent::Disposed(event) if event.reason == DisposalReason::Lost => {
                self.write_off(event.run)?;
            }
            ParcelEvent::Disposed(_) => self.leave_for(Holder::Bin)?,
            ParcelEvent::Damaged(event) => self.unusable = !event.usable,
            ParcelEvent::Recalled(event) => self.recalls.extend([event.recall.clone()]),
            ParcelEvent::RecallLifted(event) => self.recalls.retain(|held| *held != event.recall),
            ParcelEvent::KeptOvernight(_) => {
                self.stay_at_gate()?;
                if matches!(self.category, Some(Category::Meal | Category::Produce)) {
                    return Err(Broken::PerishableStayed);
                }
            }
            ParcelEvent::Reopened(event) => self.reopen(event.reason)?,
            ParcelEvent::Disputed(_) => {
                self.disputed = true;
                self.disputes += 1;
            }
            ParcelEvent::DisputeSettled(event) => self.settle(event.truth)?,
            ParcelEvent::Missing(_) => self.missing = true,
            ParcelEvent::Found(_) => self.missing = false,
            ParcelEvent::OrderMatched(_)
            | ParcelEvent::LateScanNoted(_)
            | ParcelEvent::Photographed(_) => {}
        }
        Ok(())
    }

    /// Whether the engine's own account of holder and hops is this one.
    pub fn agrees(&self, custody: &Custody, handovers: u32) -> Result<(), Broken> {
        let holder = match &self.holder {
            Holder::Outside => Custody::Outside,
            Holder::Gate => Custody::IntakePoint,
            Holder::Courier(run) => Custody::Run(*run),
            Holder::Foot(building, _) => Custody::BuildingFoot(building.clone()),
            Holder::Household => Custody::Household,
            Holder::Carrier => Custody::Carrier,
            Holder::Bin => Custody::Disposed,
        };
        if holder == *custody && self.hops == handovers { Ok(()) } else { Err(Broken::Miscounted) }
    }

    /// The piece is outside, as if it had never come; what was counted stays counted.
    fn undo_arrival(&mut self) -> Result<(), Broken> {
        self.pass(|holder| *holder == Holder::Gate, Holder::Outside)?;
        if self.lies_in.is_some() {
            return Err(Broken::Gap);
        }
        let before = std::mem::take(self);
        self.hops = before.hops;
        self.recalls = before.recalls;
        self.hand_offs = before.hand_offs;
        self.relays = before.relays;
        self.returns = before.returns;
        self.written_off = before.written_off;
        self.reopened = before.reopened;
        self.disputes = before.disputes;
        Ok(())
    }

    fn load(&mut self, command: &ParcelCommand, run: RunId, now: Timestamp) -> Result<(), Broken> {
        self.go_on()?;
        self.leave_clean(now)?;
        if let ParcelCommand::Load(load) = command {
            if load.access != ZoneAccess::Admitted {
                return Err(Broken::ClosedZone);
            }
            let to = self.recipient.as_ref().map(|to| &to.door.building);
            match &self.lies_in {
                Some((grid, building)) if *grid == load.run_grid && to == Some(building) => {}
                _ => return Err(Broken::WrongGrid),
            }
        }
        self.pass(|holder| *holder == Holder::Gate, Holder::Courier(run))
    }

    fn reopen(&mut self, reason: ReopenReason) -> Result<(), Broken> {
        let again = self.holder == Holder::Carrier && reason == ReopenReason::BroughtAgain;
        let back = if again {
            self.agent_on_since = None;
            self.confirmed = false;
            self.lies_in = None;
            Holder::Gate
        } else {
            self.holder_before_end.clone()
        };
        self.at_household = false;
        self.reopened += 1;
        self.pass(Holder::is_end, back)
    }

    fn settle(&mut self, truth: End) -> Result<(), Broken> {
        self.disputed = false;
        match truth {
            End::HandedOff => {
                self.at_household = true;
                self.missing &= self.holder == Holder::Household;
                if self.holder == Holder::Household {
                    return Ok(());
                }
                self.end(|holder| *holder != Holder::Outside, Holder::Household)
            }
            End::Returned => {
                self.at_household = false;
                if self.holder == Holder::Household {
                    return self.pass(|_| true, Holder::Gate);
                }
                Ok(())
            }
            End::NotReceived => {
                self.at_household = false;
                self.missing = true;
                let back = self.holder_before_end.clone();
                self.pass(|holder| *holder == Holder::Household, back)
            }
            End::GivenBack if self.holder == Holder::Carrier => Ok(()),
            End::Disposed if self.holder == Holder::Bin => Ok(()),
            End::GivenBack | End::Disposed => Err(Broken::Gap),
        }
    }

    /// Custody passes on, from somebody who has the piece.
    fn pass(&mut self, from: impl Fn(&Holder) -> bool, to: Holder) -> Result<(), Broken> {
        if !from(&self.holder) {
            return Err(Broken::Gap);
        }
        if self.holder != to {
            self.hops += 1;
            self.holder = to;
        }
        Ok(())
    }

    /// Custody passes on for good, unless that is taken back.
    fn end(&mut self, from: impl Fn(&Holder) -> bool, to: Holder) -> Result<(), Broken> {
        let before = self.holder.clone();
        self.pass(from, to)?;
        if !before.is_end() {
            self.holder_before_end = before;
        }
        Ok(())
    }

    fn write_off(&mut self, on: Option<RunId>) -> Result<(), Broken> {
        let with = match &self.holder {
            Holder::Courier(run) | Holder::Foot(_, run) => Some(*run),
            Holder::Outside | Holder::Gate | Holder::Household | Holder::Carrier | Holder::Bin => {
                None
            }
        };
        if !self.missing || self.disputed || on != with {
            return Err(Broken::WrittenOff);
        }
        self.written_off += 1;
        self.end(|holder| with.is_some() || *holder == Holder::Gate, Holder::Bin)
    }

    fn leave_for(&mut self, to: Holder) -> Result<(), Broken> {
        if self.disputed {
            return Err(Broken::WentOn);
        }
        self.end(|holder| *holder == Holder::Gate, to)
    }

    fn stay_at_gate(&self) -> Result<(), Broken> {
        if self.holder == Holder::Gate { Ok(()) } else { Err(Broken::Gap) }
    }

    fn go_on(&self) -> Result<(), Broken> {
        let disputed = self.disputed && self.holder == Holder::Gate;
        if !self.recalls.is_empty() || self.unusable || disputed || self.recipient.is_none() {
            Err(Broken::WentOn)
        } else {
            Ok(())
        }
    }

    /// The agent has acted for its whole time by the model's own clock, and somebody confirmed it.
    fn leave_clean(&self, now: Timestamp) -> Result<(), Broken> {
        let Some(seconds) = self.act_seconds else {
            return Ok(());
        };
        let act = SignedDuration::from_secs(i64::from(seconds));
        let acted = |since: Timestamp| now.duration_since(since) >= act;
        if self.confirmed && self.agent_on_since.is_some_and(acted) {
            Ok(())
        } else {
            Err(Broken::LeftDirty)
        }
    }
}

/// A return that names its run takes the piece off that run.
fn names_run(command: &ParcelCommand, run: RunId) -> Result<(), Broken> {
    match command {
        ParcelCommand::Return { run: Some(named), .. } if *named != run => Err(Broken::Gap),
        _ => Ok(()),
    }
}

/// What happened in a closed zone carries its mark, and nothing else does.
fn marked(command: &ParcelCommand, mark: Option<&ZoneId>) -> Result<(), Broken> {
    let access = match command {
        ParcelCommand::HandOff(hand_off) => &hand_off.access,
        ParcelCommand::Relay { access, .. } => access,
        _ => return Ok(()),
    };
    if access.clone().closed_zone().as_ref() == mark { Ok(()) } else { Err(Broken::ClosedZone) }
}
