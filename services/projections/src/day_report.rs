//! What came in on a day, and where is each piece of it now?
//!
//! The figures add up by construction: every piece that arrived is in exactly one place.

use std::collections::{BTreeMap, HashMap};

use domain::ids::ParcelId;
use domain::order::event::Channel;
use domain::parcel::ParcelEvent;
use domain::parcel::event::End;
use domain::supply::Category;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::Facts;

/// How many days are kept.
pub const DAYS_KEPT_MAX: usize = 35;
/// How many of them follow their pieces. The figures of an older day stand as they were then, so
/// that memory does not grow with the pieces of a month.
pub const DAYS_FOLLOWED_MAX: usize = 7;
/// Shifts begin and end on half hours.
pub const SHIFT_STEP_MINUTES: u8 = 30;

/// Where a piece is, as a day's report counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Place {
    AtGate,
    OnShelf,
    Returned,
    Out,
    HandedOff,
    Held,
    Refused,
    Disposed,
}

impl Place {
    fn is_end(self) -> bool {
        match self {
            Self::AtGate | Self::OnShelf | Self::Returned | Self::Out | Self::Held => false,
            Self::HandedOff | Self::Refused | Self::Disposed => true,
        }
    }
}

/// The figures of a day: of the pieces that arrived on it, how many are where now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Figures {
    /// Pieces that arrived on the day.
    pub arrived: u64,
    /// At the gate: waiting for disinfection or sorting.
    pub at_gate: u64,
    /// On the shelf, waiting for a run.
    pub on_shelf: u64,
    /// On the shelf again after an attempt at the door, or kept for a reason.
    pub returned: u64,
    /// With a courier, or at a building's foot.
    pub out: u64,
    /// With their households.
    pub handed_off: u64,
    /// Waiting because nobody knows for whom they are.
    pub held: u64,
    /// Given back to their carriers.
    pub refused: u64,
    /// Thrown away, or closed as lost.
    pub disposed: u64,
    /// Not where they should be.
    pub missing: u64,
    /// Meals and produce that are still here at the end of their day.
    pub perishables_left: u64,
}

impl Figures {
    /// Adds the figures of other pieces.
    fn add(&mut self, more: &Self) {
        self.arrived += more.arrived;
        self.at_gate += more.at_gate;
        self.on_shelf += more.on_shelf;
        self.returned += more.returned;
        self.out += more.out;
        self.handed_off += more.handed_off;
        self.held += more.held;
        self.refused += more.refused;
        self.disposed += more.disposed;
        self.missing += more.missing;
        self.perishables_left += more.perishables_left;
    }

    /// Whether every piece that arrived is counted in exactly one place.
    pub fn balance(&self) -> bool {
        let places = [
            self.at_gate,
            self.on_shelf,
            self.returned,
            self.out,
            self.handed_off,
            self.held,
            self.refused,
            self.disposed,
            self.missing,
        ];
        places.iter().sum::<u64>() == self.arrived
    }
}

/// The report of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DayReport {
    /// The community's local day.
    pub day: Date,
    /// Of all pieces.
    pub total: Figures,
    /// From when on pieces of it came in, in local time; `null` is from its beginning.
    pub from: Option<Time>,
    /// Until when pieces of it came in, in local time; `null` is until its end.
    pub until: Option<Time>,
    /// By category.
    pub by_category: BTreeMap<Category, Figures>,
    /// By programme.
    pub by_programme: BTreeMap<Programme, Figures>,
}

/// The programme under which a piece came: the channel of its order.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Programme {
    /// Ordered from a shop's own site or chat.
    Online,
    /// Collected by a leader for a group buy.
    GroupBuy,
    /// Bought nearby by a volunteer.
    Proxy,
    /// Given in a ration round.
    Relief,
    /// Ordered by telephone.
    Phone,
    /// It came without an order.
    NoOrder,
}

impl From<Option<Channel>> for Programme {
    fn from(channel: Option<Channel>) -> Self {
        match channel {
            Some(Channel::Online) => Self::Online,
            Some(Channel::GroupBuy) => Self::GroupBuy,
            Some(Channel::Proxy) => Self::Proxy,
            Some(Channel::Relief) => Self::Relief,
            Some(Channel::Phone) => Self::Phone,
            None => Self::NoOrder,
        }
    }
}

/// The view of one community.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayReports {
    days: BTreeMap<Date, Vec<ParcelId>>,
    parcels: HashMap<ParcelId, Tracked>,
    past: BTreeMap<Date, Vec<(Cohort, Figures)>>,
}

/// Pieces that are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Cohort {
    /// The half hour of the day in which they came in.
    half_hour: u8,
    category: Category,
    programme: Programme,
}

/// What is kept of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Tracked {
    cohort: Cohort,
    place: Place,
    place_before_close: Place,
    missing: bool,
}

impl DayReports {
    /// Folds one event of a parcel.
    pub fn observe(
        &mut self,
        parcel: ParcelId,
        event: &ParcelEvent,
        recorded_at: Timestamp,
        facts: &Facts,
    ) {
        if let ParcelEvent::Arrived(arrived) = event {
            let local = recorded_at.to_zoned(facts.zone().clone());
            let channel = arrived.order.and_then(|order| facts.channel(order));
            let half_hour = half_hour(local.time());
            let (category, programme) = (arrived.category, channel.into());
            let tracked = Tracked {
                cohort: Cohort { half_hour, category, programme },
                place: Place::AtGate,
                place_before_close: Place::AtGate,
                missing: false,
            };
            self.arrive(parcel, tracked, local.date());
        } else if let ParcelEvent::ArrivalUndone(_) = event {
            self.take_back(parcel);
        } else if let Some(tracked) = self.parcels.get_mut(&parcel) {
            tracked.observe(event);
        }
    }

    /// A piece whose arrival was a slip never came in, so it is no figure of any day.
    fn take_back(&mut self, parcel: ParcelId) {
        self.parcels.remove(&parcel);
        self.days.values_mut().for_each(|parcels| parcels.retain(|listed| *listed != parcel));
    }

    /// The report of a day. A day without arrivals is all zeros.
    pub fn report(&self, day: Date) -> DayReport {
        self.shift_report(day, None, None)
    }

    /// The report of a shift: of the pieces that came in on a day between two local times, which
    /// are taken to the half hour.
    pub fn shift_report(&self, day: Date, from: Option<Time>, until: Option<Time>) -> DayReport {
        let shift = from.map_or(0, half_hour)..until.map_or(u8::MAX, half_hour);
        let mut report = DayReport {
            day,
            from,
            until,
            total: Figures::default(),
            by_category: BTreeMap::new(),
            by_programme: BTreeMap::new(),
        };
        let followed;
        let cohorts = if let Some(past) = self.past.get(&day) {
            past
        } else {
            followed = self.cohorts(day);
            &followed
        };
        for (cohort, figures) in cohorts.iter().filter(|(of, _)| shift.contains(&of.half_hour)) {
            report.total.add(figures);
            report.by_category.entry(cohort.category).or_default().add(figures);
            report.by_programme.entry(cohort.programme).or_default().add(figures);
        }
        report
    }

    /// The pieces of a day that is followed, counted.
    fn cohorts(&self, day: Date) -> Vec<(Cohort, Figures)> {
        let mut cohorts: BTreeMap<Cohort, Figures> = BTreeMap::new();
        let of_day = self.days.get(&day).into_iter().flatten();
        for tracked in of_day.filter_map(|parcel| self.parcels.get(parcel)) {
            count(cohorts.entry(tracked.cohort).or_default(), *tracked);
        }
        cohorts.into_iter().collect()
    }

    /// The days that can be asked for, oldest first.
    pub fn days(&self) -> impl Iterator<Item = Date> + '_ {
        self.past.keys().chain(self.days.keys()).copied()
    }

    fn arrive(&mut self, parcel: ParcelId, tracked: Tracked, day: Date) {
        self.parcels.insert(parcel, tracked);
        self.days.entry(day).or_default().push(parcel);
        while self.days.len() > DAYS_FOLLOWED_MAX
            && let Some(oldest) = self.days.keys().next().copied()
        {
            self.past.insert(oldest, self.cohorts(oldest));
            for parcel in self.days.remove(&oldest).unwrap_or_default() {
                self.parcels.remove(&parcel);
            }
        }
        while self.past.len() + self.days.len() > DAYS_KEPT_MAX {
            self.past.pop_first();
        }
    }
}

fn half_hour(time: Time) -> u8 {
    let minutes = i16::from(time.hour()) * 60 + i16::from(time.minute());
    u8::try_from(minutes / i16::from(SHIFT_STEP_MINUTES)).unwrap_or(u8::MAX)
}

impl Tracked {
    fn observe(&mut self, event: &ParcelEvent) {
        match event {
            ParcelEvent::Held(_) => self.place = Place::Held,
            ParcelEvent::Identified(_) => {
                if self.place == Place::Held {
                    self.place = Place::AtGate;
                }
            }
            ParcelEvent::Sorted(_) | ParcelEvent::Unloaded(_) => self.place = Place::OnShelf,
            ParcelEvent::Loaded(_) | ParcelEvent::Relayed(_) | ParcelEvent::DeliveryFailed(_) => {
                self.place = Place::Out;
            }
            ParcelEvent::Returned(_) => self.place = Place::Returned,
            ParcelEvent::KeptOvernight(_) => {
                if matches!(self.place, Place::OnShelf | Place::AtGate) {
                    self.place = Place::Returned;
                }
            }
            ParcelEvent::HandedOff(_) => self.close(Place::HandedOff),
            ParcelEvent::Refused(_) => self.close(Place::Refused),
            ParcelEvent::Disposed(_) => self.close(Place::Disposed),
            ParcelEvent::Reopened(_) => self.place = self.place_before_close,
            ParcelEvent::DisputeSettled(event) => match event.truth {
                End::HandedOff => {
                    self.close(Place::HandedOff);
                    self.missing = false;
                }
                End::Returned => self.place = Place::Returned,
                End::NotReceived => {
                    self.place = self.place_before_close;
                    self.missing = true;
                }
                End::GivenBack | End::Disposed => {}
            },
            ParcelEvent::Missing(_) => self.missing = true,
            ParcelEvent::Found(_) => self.missing = false,
            ParcelEvent::Expected(_)
            | ParcelEvent::OrderMatched(_)
            | ParcelEvent::Arrived(_)
            | ParcelEvent::ArrivalUndone(_)
            | ParcelEvent::DisinfectionStarted(_)
            | ParcelEvent::Disinfected(_)
            | ParcelEvent::Damaged(_)
            | ParcelEvent::Recalled(_)
            | ParcelEvent::RecallLifted(_)
            | ParcelEvent::LateScanNoted(_)
            | ParcelEvent::Disputed(_)
            | ParcelEvent::Photographed(_) => {}
        }
    }

    fn close(&mut self, place: Place) {
        if !self.place.is_end() {
            self.place_before_close = self.place;
        }
        self.place = place;
    }
}

fn count(figures: &mut Figures, tracked: Tracked) {
    figures.arrived += 1;
    let here = match tracked.place {
        Place::AtGate => &mut figures.at_gate,
        Place::OnShelf => &mut figures.on_shelf,
        Place::Returned => &mut figures.returned,
        Place::Out => &mut figures.out,
        Place::HandedOff => &mut figures.handed_off,
        Place::Held => &mut figures.held,
        Place::Refused => &mut figures.refused,
        Place::Disposed => &mut figures.disposed,
    };
    if tracked.missing && !tracked.place.is_end() {
        figures.missing += 1;
    } else {
        *here += 1;
    }
    if !tracked.place.is_end() && tracked.cohort.category.is_perishable() {
        figures.perishables_left += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::RunId;
    use domain::parcel::event::{
        DeliveryLevel, FailureReason, HoldReason, Piece, Receiver, ReopenReason,
    };
    use domain::parcel::event::{
        DisposalReason, ParcelArrived, ParcelDeliveryFailed, ParcelDisposed, ParcelHandedOff,
        ParcelHeld, ParcelLoaded, ParcelMissing, ParcelReopened, ParcelReturned, ParcelSorted,
    };
    use domain::supply::{Cold, SizeClass};
    use uuid::Uuid;

    const RUN: RunId = RunId(Uuid::from_u128(9));

    fn shanghai() -> Facts {
        let registered = domain::community::event::CommunityRegistered {
            name: "柳园".into(),
            time_zone: "Asia/Shanghai".into(),
            language: domain::community::event::Language::Chinese,
        };
        let mut facts = Facts::default();
        facts.apply(&crate::Happening {
            position: 1,
            revision: 0,
            recorded_at: at("2022-11-10T00:00:00Z"),
            fact: crate::Fact::Community(&registered.into()),
        });
        facts
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn arrived(category: Category) -> ParcelEvent {
        ParcelArrived {
            waybill: domain::ids::Waybill {
                carrier: "sf".parse().unwrap(),
                number: "SF0001".parse().unwrap(),
            },
            piece: Piece { number: 1, of: 1 },
            generation: 0,
            gate: "main".parse().unwrap(),
            container: None,
            category,
            size: SizeClass::Bag,
            cold: Cold::Ambient,
            weight_grams: None,
            order: None,
            recipient: None,
            phone_tail: None,
            sender: None,
            disinfection: None,
            on_behalf: false,
        }
        .into()
    }

    fn handed_off() -> ParcelEvent {
        ParcelHandedOff {
            run: Some(RUN),
            door: domain::address::Door {
                building: "10".parse().unwrap(),
                unit: "2".parse().unwrap(),
                room: "301".parse().unwrap(),
            },
            level: DeliveryLevel::Door,
            received_by: Receiver::LeftAtDoor,
            at: at("2022-11-10T03:00:00Z"),
            closed_zone: None,
        }
        .into()
    }

    fn sorted() -> ParcelEvent {
        ParcelSorted {
            grid: "3".parse().unwrap(),
            building: "10".parse().unwrap(),
            shelf: "S001X".parse().unwrap(),
        }
        .into()
    }

    fn report(histories: &[&[ParcelEvent]]) -> Figures {
        let (mut view, facts) = (DayReports::default(), shanghai());
        for (n, history) in (0_u128..).zip(histories) {
            for event in *history {
                let parcel = ParcelId(Uuid::from_u128(n));
                view.observe(parcel, event, at("2022-11-10T02:00:00Z"), &facts);
            }
        }
        let report = view.report("2022-11-10".parse().unwrap());
        assert!(report.total.balance(), "{report:?}");
        report.total
    }

    #[test]
    fn every_piece_is_in_one_place() {
        let loaded = ParcelEvent::from(ParcelLoaded { run: RUN });
        let failed = ParcelDeliveryFailed { run: RUN, reason: FailureReason::NoAnswer }.into();
        let returned = ParcelReturned { run: RUN, shelf: "S001X".parse().unwrap() }.into();
        let held = ParcelHeld { reason: HoldReason::UnknownRecipient }.into();
        let figures = report(&[
            &[arrived(Category::ParcelGoods), sorted(), loaded.clone(), handed_off()],
            &[arrived(Category::ParcelGoods), sorted(), loaded.clone(), failed, returned],
            &[arrived(Category::ParcelGoods), held],
            &[arrived(Category::Meal), sorted()],
            &[arrived(Category::Meal), sorted(), loaded, ParcelMissing {}.into()],
        ]);
        let expected = Figures {
            arrived: 5,
            handed_off: 1,
            returned: 1,
            held: 1,
            on_shelf: 1,
            missing: 1,
            perishables_left: 2,
            ..Figures::default()
        };
        assert_eq!(figures, expected);
    }

    #[test]
    fn a_reopened_piece_is_where_it_was_before() {
        let loaded = ParcelLoaded { run: RUN }.into();
        let reopened = ParcelReopened { reason: ReopenReason::Mistake }.into();
        let history = [arrived(Category::Medicine), sorted(), loaded, handed_off(), reopened];
        assert_eq!(report(&[&history]), Figures { arrived: 1, out: 1, ..Figures::default() });
    }

    #[test]
    fn a_lost_piece_is_missing_until_it_is_closed() {
        let loaded = ParcelEvent::from(ParcelLoaded { run: RUN });
        let missing = ParcelEvent::from(ParcelMissing {});
        let at = at("2022-11-10T03:00:00Z");
        let lost = ParcelDisposed { reason: DisposalReason::Lost, run: Some(RUN), at }.into();
        let history = [arrived(Category::Medicine), sorted(), loaded, missing, lost];
        let figures = Figures { arrived: 1, missing: 1, ..Figures::default() };
        assert_eq!(report(&[&history[..4]]), figures);
        let figures = Figures { arrived: 1, disposed: 1, ..Figures::default() };
        assert_eq!(report(&[&history]), figures);
    }

    #[test]
    fn a_shift_counts_what_came_in_during_it() {
        let (mut view, facts) = (DayReports::default(), shanghai());
        for (n, moment) in ["00:29", "00:30", "06:00"].into_iter().enumerate() {
            let moment = at(&format!("2022-11-10T{moment}:00Z"));
            let parcel = ParcelId(Uuid::from_u128(n as u128));
            view.observe(parcel, &arrived(Category::Meal), moment, &facts);
        }
        let time = |text: &str| Some(text.parse().unwrap());
        let day = "2022-11-10".parse().unwrap();
        let arrived = |from, until| view.shift_report(day, from, until).total.arrived;
        assert_eq!(arrived(time("08:30:00"), time("14:00:00")), 1);
        assert_eq!(arrived(time("08:30:00"), None), 2);
        assert_eq!(arrived(None, None), 3);
        let report = view.report(day);
        assert_eq!(report.by_programme[&Programme::NoOrder].arrived, 3);
    }

    #[test]
    fn days_are_local_and_old_ones_are_forgotten() {
        let (mut view, facts) = (DayReports::default(), shanghai());
        let late = at("2022-11-10T16:30:00Z");
        view.observe(ParcelId(Uuid::from_u128(1)), &arrived(Category::Meal), late, &facts);
        assert_eq!(view.days().collect::<Vec<_>>(), ["2022-11-11".parse().unwrap()]);
        for n in 0..40_i64 {
            let day = late.checked_add(jiff::SignedDuration::from_hours(24 * n)).unwrap();
            let parcel = ParcelId(Uuid::from_u128(2 + u128::from(n.unsigned_abs())));
            view.observe(parcel, &arrived(Category::Meal), day, &facts);
        }
        assert_eq!(view.days().count(), DAYS_KEPT_MAX);
        assert_eq!(view.parcels.len(), DAYS_FOLLOWED_MAX);
        let first = view.days().next().unwrap();
        let report = view.report(first);
        assert_eq!((report.total.arrived, report.by_category.len()), (1, 1), "it stands still");
    }
}
