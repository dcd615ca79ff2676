//! What a simulated time came to, in numbers that add up.

use std::collections::BTreeMap;
use std::fmt;

use domain::ids::ParcelId;

use crate::day::{Bookings, Tally};
use crate::rules::{Custody, OrderSeen, Parcel, Rules};

/// Pieces by where they are in the end. Every piece that came in is in exactly one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Whereabouts {
    /// Came in.
    pub arrived: u64,
    /// Their households have them.
    pub handed_off: u64,
    /// On a shelf, with a reason and an owner.
    pub on_shelf: u64,
    /// Held, because nobody knows yet for whom they are; with a reason and an owner.
    pub held: u64,
    /// Given back to their carriers.
    pub refused: u64,
    /// Thrown away.
    pub disposed: u64,
    /// Not where they should be; somebody looks for them.
    pub missing: u64,
    /// With a courier.
    pub under_way: u64,
}

impl Whereabouts {
    fn count(&mut self, parcel: &Parcel) {
        let place = match parcel.custody() {
            Custody::Outside => return,
            Custody::Household => &mut self.handed_off,
            Custody::Carrier => &mut self.refused,
            Custody::Bin => &mut self.disposed,
            Custody::Run(_) | Custody::Foot(_) => &mut self.under_way,
            Custody::Gate if parcel.missing => &mut self.missing,
            Custody::Gate if parcel.held => &mut self.held,
            Custody::Gate => &mut self.on_shelf,
        };
        *place += 1;
        self.arrived += 1;
    }

    /// Whether the places add up to what came in.
    pub fn balances(&self) -> bool {
        let at_gate = self.on_shelf + self.held + self.missing;
        let gone = self.handed_off + self.refused + self.disposed;
        self.arrived == at_gate + gone + self.under_way
    }
}

/// Pieces that were promised a window, and those that reached their door in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Windows {
    /// Came in early enough for a window of their day.
    pub promised: u64,
    /// Were handed off before it closed.
    pub kept: u64,
}

/// Windows that were not kept, by what stood in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Late {
    /// Something of the piece's own: unknown recipient, damage, a recall, a failed attempt.
    pub held_up: u64,
    /// Its zone let nobody in.
    pub behind_a_tape: u64,
    /// Nobody was there to carry it.
    pub no_hands: u64,
    /// None of these: the plan was late.
    pub planned_late: u64,
}

/// Whether there were enough hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hands {
    /// Pieces that could go at some time and for which nobody was there.
    pub waited: u64,
    /// Of these, pieces that came after their window.
    pub late: u64,
    /// Of these, pieces that are still at the gate.
    pub left: u64,
}

impl Hands {
    /// Whether somebody's piece was late or stayed because nobody was there.
    pub fn too_few(&self) -> bool {
        self.late + self.left > 0
    }
}

/// What a courier carried up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerCourier {
    /// Volunteers who carried anything.
    pub couriers: usize,
    /// The fewest pieces that one of them carried.
    pub fewest: usize,
    /// Half of them carried at most so many.
    pub median: usize,
    /// The most pieces that one of them carried.
    pub most: usize,
}

/// What a simulated time came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Days.
    pub days: u32,
    /// Steps.
    pub steps: u64,
    /// Events in the log.
    pub events: u64,
    /// Pieces that people took out of vans, by their own count.
    pub unloaded: u64,
    /// All pieces.
    pub all: Whereabouts,
    /// The pieces of each category, by its stored name.
    pub by_category: BTreeMap<String, (Whereabouts, Windows)>,
    /// Pieces that are not where the log says.
    pub custody_gaps: u64,
    /// Meals and produce that are still at the gate.
    pub overnight_perishables: u64,
    /// Windows.
    pub windows: Windows,
    /// Why windows were not kept.
    pub late: Late,
    /// Whether there were enough hands.
    pub hands: Hands,
    /// Waves that the planner decided on.
    pub waves: usize,
    /// Runs that were planned.
    pub runs: usize,
    /// What couriers carried.
    pub per_courier: PerCourier,
    /// Orders: placed, fulfilled, called off.
    pub orders: (usize, usize, usize),
    /// Deliveries for which an hour at the gate was booked.
    pub gate: Bookings,
    /// Breaks that couriers had.
    pub breaks: u64,
    /// What people counted.
    pub tally: Tally,
}

impl Report {
    /// Makes the report of a checked time. The custody of every piece has been compared with where
    /// it is; pieces that were scanned but not unloaded, or the other way round, are gaps.
    pub fn of(seed: u64, days: u32, steps: u64, tally: &Tally, rules: &Rules) -> Self {
        let mut report = Self {
            seed,
            days,
            steps,
            events: rules.events(),
            unloaded: tally.unloaded,
            all: Whereabouts::default(),
            by_category: BTreeMap::new(),
            custody_gaps: 0,
            overnight_perishables: 0,
            windows: Windows::default(),
            late: Late::default(),
            hands: Hands::default(),
            waves: rules.plans().waves,
            runs: rules.runs().count(),
            per_courier: per_courier(rules),
            orders: orders(rules),
            gate: rules.gate().bookings(),
            breaks: rules.gate().breaks(),
            tally: tally.clone(),
        };
        for (id, parcel) in rules.parcels() {
            report.count(id, parcel, rules);
        }
        report.custody_gaps = report.all.arrived.abs_diff(report.unloaded) + report.all.under_way;
        report
    }

    fn count(&mut self, id: ParcelId, parcel: &Parcel, rules: &Rules) {
        let Some(arrived_at) = parcel.arrived_at else { return };
        let (place, windows) = self.by_category.entry(parcel.category.clone()).or_default();
        self.all.count(parcel);
        place.count(parcel);
        let category = &parcel.category;
        let kept = rules.ground().kept_window(category, arrived_at, parcel.handed_off_at);
        if let Some(kept) = kept {
            for windows in [windows, &mut self.windows] {
                windows.promised += 1;
                windows.kept += u64::from(kept);
            }
        }
        let at_gate = parcel.custody() == Custody::Gate;
        let waited = rules.plans().waited_for_hands.contains(&id);
        if kept == Some(false) {
            let behind_a_tape = rules.plans().behind_a_tape.contains(&id);
            let why = match (parcel.held_up_at.is_some(), behind_a_tape, waited) {
                (true, _, _) => &mut self.late.held_up,
                (false, true, _) => &mut self.late.behind_a_tape,
                (false, false, true) => &mut self.late.no_hands,
                (false, false, false) => &mut self.late.planned_late,
            };
            *why += 1;
        }
        if waited {
            self.hands.waited += 1;
            let for_hands = parcel.held_up_at.is_none();
            self.hands.late += u64::from(for_hands && !at_gate && kept == Some(false));
            self.hands.left += u64::from(for_hands && at_gate);
        }
        if at_gate && matches!(category.as_str(), "meal" | "produce") {
            self.overnight_perishables += 1;
        }
    }

    /// Whether the numbers add up: what came in is somewhere, nothing has two places, no food
    /// stayed, and whoever booked an hour at the gate came, did not come or called it off, as the
    /// people there counted. The caller makes an exit code of it.
    pub fn balances(&self) -> bool {
        let arrived: u64 = self.by_category.values().map(|(place, _)| place.arrived).sum();
        self.all.balances()
            && self.by_category.values().all(|(place, _)| place.balances())
            && arrived == self.all.arrived
            && self.custody_gaps == 0
            && self.overnight_perishables == 0
            && self.gate.balances()
            && self.gate == self.tally.gate
            && self.breaks == self.tally.breaks
    }
}

fn per_courier(rules: &Rules) -> PerCourier {
    let mut carried: BTreeMap<&str, usize> = BTreeMap::new();
    for run in rules.runs() {
        if let Some(courier) = &run.courier {
            *carried.entry(courier).or_default() += run.delivered();
        }
    }
    let mut counts: Vec<usize> = carried.into_values().filter(|count| *count > 0).collect();
    counts.sort_unstable();
    let at = |index: usize| counts.get(index).copied().unwrap_or_default();
    PerCourier {
        couriers: counts.len(),
        fewest: at(0),
        median: at(counts.len() / 2),
        most: at(counts.len().saturating_sub(1)),
    }
}

fn orders(rules: &Rules) -> (usize, usize, usize) {
    let count = |wanted: OrderSeen| rules.orders().filter(|order| *order == wanted).count();
    let (fulfilled, cancelled) = (count(OrderSeen::Fulfilled), count(OrderSeen::Cancelled));
    (rules.orders().count(), fulfilled, cancelled)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, days, steps, events, all, windows, per_courier, tally, .. } = self;
        writeln!(f, "seed {seed}, {days} days 天, {steps} steps 步, {events} events 事件")?;
        writeln!(f, "{HEADING}")?;
        for (category, (place, kept)) in &self.by_category {
            row(f, category, place, *kept)?;
        }
        row(f, "all 合计", all, *windows)?;
        let sum = if self.balances() { "adds up 相符" } else { "DOES NOT ADD UP 不符" };
        writeln!(
            f,
            "arrived 到件 = handed off 交付 + on shelf 在架 + held 待查 + refused 拒收 + disposed 处置 \
             + missing 缺失: {sum}"
        )?;
        writeln!(
            f,
            "custody gaps 交接断点 {}, overnight perishables 生鲜餐食过夜 {}",
            self.custody_gaps, self.overnight_perishables
        )?;
        let Windows { promised, kept } = windows;
        let Late { held_up, behind_a_tape, no_hands, planned_late } = self.late;
        writeln!(
            f,
            "windows kept 按时段送达 {kept} of {promised}; late or not delivered 未按时段: \
             piece itself 物件自身原因 {held_up}, zone closed 封控 {behind_a_tape}, \
             no hands 无人 {no_hands}, plan 排程 {planned_late}"
        )?;
        let Hands { waited, late, left } = self.hands;
        let enough = if self.hands.too_few() { "TOO FEW 不足" } else { "enough 充足" };
        writeln!(
            f,
            "hands 人手: {enough}; {waited} pieces waited for somebody 件曾无人可派, \
             {late} came late 件误时, {left} were left 件剩余"
        )?;
        let PerCourier { couriers, fewest, median, most } = per_courier;
        writeln!(
            f,
            "{} waves 波次, {} runs 配送趟, {couriers} couriers 配送员, pieces each 每人件数 \
             {fewest} / {median} / {most} (least, median, most 最少、中位、最多)",
            self.waves, self.runs
        )?;
        let (placed, fulfilled, cancelled) = self.orders;
        writeln!(
            f,
            "{placed} orders 订单: fulfilled 完成 {fulfilled}, called off 取消 {cancelled}"
        )?;
        let Bookings { booked, came, did_not_come, called_off } = self.gate;
        writeln!(
            f,
            "{booked} arrivals booked 到货预约: came 到达 {came}, did not come 未到 {did_not_come}, \
             called off 撤销 {called_off}; {} breaks 休息",
            self.breaks
        )?;
        write!(
            f,
            "{} sent 提交; same answer to re-sent 重发同答 {}, duplicates 重复 {}, refused 拒绝 {}, \
             told to wait 暂缓 {}, clocks corrected 校时 {}",
            tally.sent,
            tally.resent,
            tally.bounced,
            tally.refused,
            tally.deferred,
            tally.clock_corrected
        )
    }
}

const HEADING: &str = "                arrived  handed   shelf    held refused  binned missing  in window\n\
                       品类               到件    交付    在架    待查    拒收    处置    缺失   时段内";

fn row(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    place: &Whereabouts,
    windows: Windows,
) -> fmt::Result {
    let Whereabouts { arrived, handed_off, on_shelf, held, refused, disposed, missing, .. } = place;
    let share = (windows.kept * 100).checked_div(windows.promised).unwrap_or(100);
    writeln!(
        f,
        "{name:<14} {arrived:>8}{handed_off:>8}{on_shelf:>8}{held:>8}{refused:>8}{disposed:>8}\
         {missing:>8}{share:>9} %"
    )
}
