//! Why a command on a parcel is refused.

use jiff::Timestamp;

use crate::address::Door;
use crate::ids::{BuildingId, GateId, GridId, OrderId, RecallId, RunId, ZoneId};
use crate::refusal::refusals;

refusals! {
    /// Why a command on a parcel is refused.
    pub enum ParcelRefusal {
        NotArrived => "parcel-not-arrived",
            "this piece has not been scanned in: scan its arrival first",
            "此件尚未入库：请先做到件扫描";
        ArrivalStands => "arrival-stands",
            "this piece has been sorted or carried since: give it back or dispose of it instead",
            "此件入库后已上架或派送，不能撤销到件：请改为退回或处置";
        NotTheIntakePoint { intake_point: GateId } => "not-the-intake-point",
            "supplies come in at gate {intake_point} only: take this piece there and scan it in",
            "物资只能从 {intake_point} 门进入：请送到该门再扫描到件";
        NumberReused => "waybill-number-reused",
            "this number belongs to a parcel that was closed long ago: it is a new parcel",
            "此单号属于早已完结的旧件：请按新件登记";
        OtherOrder { order: OrderId } => "parcel-of-other-order",
            "this piece fulfils order {order}: announce another piece for this order",
            "此件属于订单 {order}：请为本订单预报其他件";
        UnknownRecipient => "recipient-unknown",
            "nobody knows yet for whom this piece is: find the recipient, then go on",
            "此件收件人未知：请先确认收件人";
        DisinfectionNotStarted => "disinfection-not-started",
            "this piece has not been disinfected: start its disinfection first",
            "此件尚未消杀：请先开始消杀";
        StillDisinfecting { until: Timestamp } => "still-disinfecting",
            "the disinfection must act until {until}: wait until then",
            "消杀作用时间未到：请等到 {until}";
        DisinfectionNotConfirmed => "disinfection-not-confirmed",
            "the disinfection has not been confirmed: stop it at its table first",
            "消杀尚未确认结束：请先在消杀台结束消杀";
        NotSorted => "parcel-not-sorted",
            "this piece has not been sorted: scan it at the sorting shelf first",
            "此件尚未分拣：请先在分拣架扫描";
        WrongGrid { belongs_to: GridId } => "wrong-grid",
            "this piece belongs to grid {belongs_to}: take it there",
            "此件属于网格 {belongs_to}：请放到该网格";
        WrongBuilding { belongs_to: BuildingId } => "wrong-building",
            "this piece belongs to building {belongs_to}: take it there",
            "此件属于楼栋 {belongs_to}：请送到该楼栋";
        WrongDoor { belongs_to: Door } => "wrong-door",
            "this piece belongs to door {belongs_to}: take it there",
            "此件应送 {belongs_to}：请送到该户门口";
        WrongRun { loaded_on: RunId } => "wrong-run",
            "run {loaded_on} took this piece: give it to that run, or bring it back",
            "此件由配送趟 {loaded_on} 领取：请交给该趟，或送回接收点";
        BroughtBack => "parcel-brought-back",
            "this run has brought the piece back: put it on a new run",
            "本趟已将此件带回：请装到新的一趟";
        ZoneClosed { zone: ZoneId } => "zone-closed",
            "zone {zone} is closed to deliveries now: keep the piece until it opens",
            "封控区 {zone} 现在不能配送：请暂存，待开放后再送";
        NotLoaded => "parcel-not-loaded",
            "no courier has taken this piece over: scan it onto a run first",
            "此件尚未装车：请先扫描装车";
        NotAtIntakePoint => "parcel-not-at-intake-point",
            "this piece is not at the intake point: bring it back first",
            "此件不在接收点：请先送回接收点";
        AlreadyHandedOff => "parcel-handed-off",
            "this piece was handed off: reopen it first if that was wrong",
            "此件已交付：如有误请先撤销交付";
        Closed => "parcel-closed",
            "this piece was given back or disposed of: reopen it first if it is here",
            "此件已退回或已处置：如果还在，请先撤销";
        Recalled => "parcel-recalled",
            "this piece is recalled: set it apart and tell the desk",
            "此件已被召回：请单独存放并告知前台";
        NotRecalled { recall: RecallId } => "recall-unknown",
            "recall {recall} was never put on this piece: check the recall's name",
            "此件没有召回 {recall}：请核对召回名称";
        Unusable => "parcel-unusable",
            "this piece is damaged beyond use: give it back or dispose of it",
            "此件已损坏不可用：请退回或处置";
        PerishableOvernight => "perishable-overnight",
            "meals and produce never stay overnight: deliver it, give it back or dispose of it",
            "餐食和生鲜不得过夜：请送达、退回或处置";
        NotMissing => "parcel-not-missing",
            "nobody has reported this piece missing: report it missing first, then close it as lost",
            "此件尚未报失：请先报失，再按遗失结案";
        NotDisputed => "parcel-not-disputed",
            "nothing is disputed about this piece: there is nothing to settle",
            "此件没有争议：无需裁定";
        Disputed => "parcel-disputed",
            "contradictory ends are recorded for this piece: settle the dispute first",
            "此件的去向有争议：请先裁定";
        NotASide { truth: super::event::End } => "not-a-side-of-the-dispute",
            "this is not one of the ends in dispute: choose one of those",
            "所选不在有争议的去向之中：请从中选择";
        TooManyPhotos { most: usize } => "too-many-photos",
            "this piece has {most} photos already, the most that are kept: look at those",
            "此件已有 {most} 张照片，达到上限：请查看已有照片";
        PieceOutOfRange => "piece-out-of-range",
            "a piece is counted from 1 up to the number of pieces of its waybill: check both",
            "件号须在 1 到该运单总件数之间：请核对";
    }
}
