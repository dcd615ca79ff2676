//! Why, in a sentence: the same reasons that stand in the events, for people to read.

use domain::ids::{GridId, ZoneId};
use domain::plan::event::UnplannedReason;
use domain::run::event::{
    AssignmentCause, AssignmentReason, Hop, ReplanReason, RunWave, WaveTrigger,
};

/// A sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// In Chinese.
    pub chinese: String,
    /// In English.
    pub english: String,
}

impl Sentence {
    fn of(chinese: impl Into<String>, english: impl Into<String>) -> Self {
        Self { chinese: chinese.into(), english: english.into() }
    }
}

/// Why a piece is not planned.
pub fn unplanned(reason: &UnplannedReason) -> Sentence {
    match reason {
        UnplannedReason::NotHere => Sentence::of("尚未到达接收点", "it has not come yet"),
        UnplannedReason::RecipientUnknown => Sentence::of(
            "收件人未能确认：请先确认门牌",
            "nobody knows for whom it is: identify it first",
        ),
        UnplannedReason::NotDisinfected => Sentence::of(
            "消杀尚未到时：到时后请确认",
            "its disinfection has not run its time: confirm it then",
        ),
        UnplannedReason::NotSorted => {
            Sentence::of("尚未上架：请先分拣", "it is not on its shelf yet: sort it first")
        }
        UnplannedReason::Recalled => Sentence::of("已被召回，暂不配送", "a recall holds it"),
        UnplannedReason::Missing => Sentence::of("找不到此件", "it is not where it should be"),
        UnplannedReason::Damaged => Sentence::of("已损坏，不能配送", "it is damaged beyond use"),
        UnplannedReason::Disputed => Sentence::of(
            "结果有争议：请先处理争议",
            "two contradictory ends wait to be settled: settle them first",
        ),
        UnplannedReason::NoGrid => Sentence::of(
            "所在楼栋未划入网格：请先划入",
            "its building belongs to no grid: assign it first",
        ),
        UnplannedReason::NotWanted => Sentence::of(
            "住户拒收：请退回，或由人工另排",
            "its household did not want it: give it back, or plan it by hand",
        ),
        UnplannedReason::NoWay => Sentence::of(
            "目前没有通路可到：请先恢复一条通路",
            "no path leads there now: clear one first",
        ),
        UnplannedReason::ZoneClosed { zone, .. } => Sentence::of(
            format!("封控区 {zone} 目前不能进入"),
            format!("zone {zone} lets nobody in now"),
        ),
        UnplannedReason::ZoneCloses { zone, .. } => Sentence::of(
            format!("封控区 {zone} 即将关闭，来不及送完：开放后再送"),
            format!("zone {zone} closes before anybody could be there and back: when it opens"),
        ),
        UnplannedReason::WindowNotOpen { opens } => {
            let opens = opens.strftime("%H:%M");
            Sentence::of(format!("配送时段 {opens} 开始"), format!("its window opens at {opens}"))
        }
        UnplannedReason::NoWindowLeft => {
            Sentence::of("今日已无时段，明日配送", "the day has no window left for it: tomorrow")
        }
        UnplannedReason::WaitsForCart { ready, needed } => Sentence::of(
            format!("等待凑满一车：现有 {ready} 件，满车 {needed} 件"),
            format!("it waits for a full cart: {ready} of {needed} pieces are ready"),
        ),
        UnplannedReason::TriedToday { attempts } => Sentence::of(
            format!("今日已配送 {attempts} 次未成功，明日再送"),
            format!("it was tried {attempts} times today: tomorrow again"),
        ),
        UnplannedReason::OverTripLimit => Sentence::of(
            "单件超过每趟限额：请改用其他方式",
            "it alone is over what a trip carries: bring it another way",
        ),
        UnplannedReason::NoCourier => Sentence::of(
            "本网格目前没有空闲且已休息的配送员",
            "nobody of its grid is on shift, free and rested now",
        ),
        UnplannedReason::NobodyCarriesIt => Sentence::of(
            "目前空闲的人搬不动、爬不了这么高，或班次将结束、休息将开始",
            "nobody who is free can carry it so high before the shift ends or a break begins",
        ),
        UnplannedReason::NoProtection => Sentence::of(
            "所在区域封控，目前没有带防护的人空闲",
            "its zone is sealed, and nobody with protection is free",
        ),
        UnplannedReason::NoSecondPerson => {
            Sentence::of("需两人搬运，目前不足两人", "it needs two people, and no two are free")
        }
        UnplannedReason::ToBeFetched { from, until } => {
            let (from, until) = (from.strftime("%H:%M"), until.strftime("%H:%M"));
            Sentence::of(
                format!("住户 {from} 至 {until} 到接收点自取"),
                format!("its household fetches it from {from} to {until}"),
            )
        }
        UnplannedReason::DayClosed => Sentence::of("当日已关账", "the day is closed"),
    }
}

/// That a piece could go now.
pub fn ready() -> Sentence {
    Sentence::of(
        "可以配送，等待排程：随下一波次出发，也可现在请求排程",
        "it can go: it leaves with the next wave, or ask for a plan now",
    )
}

/// That a piece lies on its shelf and not on the cart.
pub fn not_loaded() -> Sentence {
    Sentence::of("仍在货架上：请装车", "it still lies on its shelf: put it on the cart")
}

/// That nobody had planned a piece for the run that has it.
pub fn stranger() -> Sentence {
    Sentence::of("不在本趟计划内", "it was not planned for this run")
}

/// That a piece's way has ended.
pub fn ended(handed_off: bool) -> Sentence {
    if handed_off {
        Sentence::of("已交付", "it was handed over")
    } else {
        Sentence::of("已退回或处置", "it was given back or thrown away")
    }
}

/// Why a piece is on the run that it is on.
pub fn planned(
    wave: Option<RunWave>,
    assigned: Option<&AssignmentReason>,
    on_the_way: bool,
) -> Sentence {
    let mut told = match wave {
        Some(wave) => {
            let (number, because) = (wave.number, trigger(wave.trigger));
            Sentence::of(
                format!("排在第 {number} 波（{}）", because.chinese),
                format!("it goes with wave {number} ({})", because.english),
            )
        }
        None => Sentence::of("由人工排定", "a person planned it"),
    };
    if on_the_way {
        told.chinese.push_str("，已在路上");
        told.english.push_str(" and is on the way");
    }
    if let Some(assigned) = assigned {
        let because = assignment(assigned);
        told.chinese = format!("{}；派单：{}", told.chinese, because.chinese);
        told.english = format!("{}; asked for: {}", told.english, because.english);
    }
    told
}

/// That the order of a piece is marked urgent, behind what else is told of it.
pub fn urgent(mut told: Sentence) -> Sentence {
    told.chinese.push_str("；订单标为急件");
    told.english.push_str("; its order is marked urgent");
    told
}

/// That hands are too few in a grid.
pub fn shortage(grid: &GridId, pieces: u32, free: u32, on_trips: u32) -> Sentence {
    Sentence::of(
        format!(
            "{grid} 网格人手不足：{pieces} 件可送而无人可派；空闲 {free} 人，配送中 {on_trips} 人"
        ),
        format!(
            "hands are too few in grid {grid}: {pieces} pieces could go and nobody can take them; \
             {free} are free, {on_trips} on trips"
        ),
    )
}

/// That a building is left out for now.
pub fn paused(zone: &ZoneId) -> Sentence {
    Sentence::of(
        format!("封控区 {zone} 暂不能进入：先跳过，开放后再去"),
        format!("zone {zone} lets nobody in now: leave it out and go there when it opens"),
    )
}

/// Whether a cart is complete.
pub fn cart(missing: usize, strangers: usize) -> Sentence {
    match (missing, strangers) {
        (0, 0) => Sentence::of("齐全", "the cart is complete"),
        (missing, 0) => Sentence::of(
            format!("还差 {missing} 件"),
            format!("{missing} pieces are missing from the cart"),
        ),
        (0, strangers) => Sentence::of(
            format!("多出 {strangers} 件不在计划内"),
            format!("{strangers} pieces on the cart were not planned for it"),
        ),
        (missing, strangers) => Sentence::of(
            format!("还差 {missing} 件，另有 {strangers} 件不在计划内"),
            format!(
                "{missing} pieces are missing from the cart, and {strangers} were not planned for it"
            ),
        ),
    }
}

/// Between which hops pieces got lost, or too many came.
pub fn gap(before: Option<&Hop>, hop: Option<&Hop>, expected: u32, counted: u32) -> Sentence {
    let (before, here) = (place(before), place(hop));
    if counted < expected {
        let gone = expected - counted;
        return Sentence::of(
            format!("{}与{}之间少了 {gone} 件", before.chinese, here.chinese),
            format!("{gone} pieces went missing between {} and {}", before.english, here.english),
        );
    }
    let more = counted - expected;
    Sentence::of(
        format!("{}多出 {more} 件：请重新清点", here.chinese),
        format!("{more} pieces too many at {}: count again", here.english),
    )
}

fn place(hop: Option<&Hop>) -> Sentence {
    match hop {
        None => Sentence::of("接收点", "the intake point"),
        Some(Hop::GridCart) => Sentence::of("网格小车", "the grid's cart"),
        Some(Hop::BuildingFoot(building)) => {
            Sentence::of(format!("{building} 栋楼下"), format!("the foot of building {building}"))
        }
    }
}

/// Whether a day can be closed.
pub fn evening(closed: bool, food: usize, out: usize, stays: usize) -> Sentence {
    if closed {
        return Sentence::of("当日已关账", "the day is closed");
    }
    if out > 0 {
        return Sentence::of(
            format!("还有 {out} 趟在外：请等人员返回"),
            format!("{out} runs are out: wait until everybody is back"),
        );
    }
    if food > 0 {
        return Sentence::of(
            format!("还有 {food} 件餐食或生鲜，不能过夜：请逐件交付、退回或处置"),
            format!(
                "{food} meals or fresh goods are left and never stay overnight: hand them over, \
                 give them back or throw them away"
            ),
        );
    }
    Sentence::of(
        format!("可以关账：{stays} 件过夜，各有原因和负责人"),
        format!("it can be closed: {stays} pieces stay, each with a reason and an owner"),
    )
}

/// Why a volunteer was asked.
pub fn assignment(reason: &AssignmentReason) -> Sentence {
    let causes: Vec<Sentence> = reason.because.iter().map(cause).collect();
    let join = |of: fn(&Sentence) -> &str, between: &str| {
        causes.iter().map(of).collect::<Vec<_>>().join(between)
    };
    let (kilograms, mean) = (reason.before.floor_kilograms, reason.mean_before.floor_kilograms);
    let AssignmentReason { candidates, trip, .. } = reason;
    Sentence::of(
        format!(
            "{}；共 {candidates} 人可派；本趟爬 {} 层（{} 层·公斤），此前 {kilograms}，平均 {mean} 层·公斤",
            join(|one| &one.chinese, "，"),
            trip.floors,
            trip.floor_kilograms,
        ),
        format!(
            "{}; {candidates} could have made the trip; it climbs {} floors ({} floor-kilograms) \
             after {kilograms} before, where {mean} is the mean",
            join(|one| &one.english, ", "),
            trip.floors,
            trip.floor_kilograms,
        ),
    )
}

fn cause(cause: &AssignmentCause) -> Sentence {
    match cause {
        AssignmentCause::OnlyOne => Sentence::of("只有此人可派", "nobody else could make the trip"),
        AssignmentCause::KeepsBuilding(building) => Sentence::of(
            format!("固定负责 {building} 栋"),
            format!("the regular volunteer of building {building}"),
        ),
        AssignmentCause::ClimbedLeast => Sentence::of("近期爬楼最少", "climbed least lately"),
        AssignmentCause::CarriesIt => Sentence::of(
            "爬得更少的人搬不动这一趟",
            "those who climbed less cannot carry this trip",
        ),
        AssignmentCause::HasProtection => {
            Sentence::of("有防护，可进封控区", "has protection for the sealed zone")
        }
        AssignmentCause::AskedAfter(others) => Sentence::of(
            format!("此前 {others} 人未接"),
            format!("{others} others did not take it"),
        ),
        AssignmentCause::EmergencyPool => {
            Sentence::of("值班人员都不可派，动用应急队", "nobody on duty could: emergency pool")
        }
    }
}

/// Why pieces leave now.
pub fn trigger(trigger: WaveTrigger) -> Sentence {
    match trigger {
        WaveTrigger::Urgent => {
            Sentence::of("有药品或急件，立即配送", "there is medicine or an urgent need: at once")
        }
        WaveTrigger::CartFull => Sentence::of("已凑满一车", "a cart is full"),
        WaveTrigger::WindowCloses => Sentence::of("时段即将结束", "the window closes soon"),
        WaveTrigger::Waited => Sentence::of("已等待足够久", "it has waited long enough"),
        WaveTrigger::Quiet => {
            Sentence::of("接收点不忙，随到随送", "it is quiet at the gate: at once")
        }
        WaveTrigger::WouldSpoil => {
            Sentence::of("不能久放，立即配送", "it would spoil if it waited")
        }
        WaveTrigger::Asked => Sentence::of("应要求排定", "somebody asked for a plan"),
    }
}

/// Why a run's stops changed.
pub fn replanned(reason: &ReplanReason) -> Sentence {
    match reason {
        ReplanReason::ZoneClosed(zone) => {
            let words = format!("封控区 {zone} 已关闭或即将关闭");
            Sentence::of(words, format!("zone {zone} closed, or closes before you would be there"))
        }
        ReplanReason::PiecesGone => Sentence::of(
            "有物件被召回、遗失、损坏或改址",
            "pieces were recalled, lost, damaged or are for another door",
        ),
        ReplanReason::PathBlocked(path) => {
            Sentence::of(format!("通路 {path} 封闭"), format!("path {path} is blocked"))
        }
        ReplanReason::PathCleared(path) => {
            Sentence::of(format!("通路 {path} 恢复通行"), format!("path {path} is clear again"))
        }
        ReplanReason::ByHand => Sentence::of("人工调整", "changed by hand"),
    }
}
