//! What happened to a piece, in a sentence of either language.

use domain::parcel::ParcelEvent;
use domain::parcel::event::{
    End, FailureReason, LateScan, OvernightReason, PhotoKind, Receiver, ReopenReason,
};

/// The sentence in Chinese and in English.
pub(super) fn of(event: &ParcelEvent) -> (String, String) {
    let say = |chinese: &str, english: &str| (chinese.to_owned(), english.to_owned());
    match event {
        ParcelEvent::Expected(_) => say("已预报", "announced"),
        ParcelEvent::OrderMatched(_) => say("补报订单，已关联", "its order was announced late"),
        ParcelEvent::Arrived(event) => {
            (format!("到达{}", event.gate), format!("arrived at gate {}", event.gate))
        }
        ParcelEvent::ArrivalUndone(_) => {
            say("误扫到件，已撤销", "its arrival was a slip, taken back")
        }
        ParcelEvent::Held(_) => say("收件人不明，暂存", "held: nobody knows yet for whom it is"),
        ParcelEvent::Identified(event) => (
            format!("确认收件人：{}", event.recipient.door),
            format!("it is for {}", event.recipient.door),
        ),
        ParcelEvent::DisinfectionStarted(_) => say("开始消杀", "disinfection began"),
        ParcelEvent::Disinfected(_) => say("消杀完成", "disinfection done"),
        ParcelEvent::Sorted(event) => (
            format!("上架 {}（{}网格 {}栋）", event.shelf, event.grid, event.building),
            format!("on shelf {} (grid {}, building {})", event.shelf, event.grid, event.building),
        ),
        ParcelEvent::Loaded(_) => say("装车，交配送员", "a courier took it over"),
        ParcelEvent::Unloaded(_) => say("卸下，退回接收点", "put back before the run left"),
        ParcelEvent::Relayed(event) => (
            format!("放到 {} 栋楼下", event.building),
            format!("set down at the foot of building {}", event.building),
        ),
        ParcelEvent::HandedOff(event) => {
            let (chinese, english) = receiver(event.received_by);
            (
                format!("送达 {}，{chinese}", event.door),
                format!("handed off at {}: {english}", event.door),
            )
        }
        ParcelEvent::DeliveryFailed(event) => {
            let (chinese, english) = failure(event.reason);
            (format!("未送成：{chinese}"), format!("not delivered: {english}"))
        }
        ParcelEvent::Returned(event) => {
            (format!("退回货架 {}", event.shelf), format!("brought back to shelf {}", event.shelf))
        }
        ParcelEvent::Refused(_) => say("退还承运人", "given back to its carrier"),
        ParcelEvent::Damaged(event) if event.usable => {
            say("有破损，仍可送", "damaged, and can be delivered all the same")
        }
        ParcelEvent::Damaged(_) => say("破损，不可送", "damaged beyond use"),
        ParcelEvent::Missing(_) => say("找不到", "missing"),
        ParcelEvent::Found(_) => say("找到了", "found again"),
        ParcelEvent::Recalled(event) => {
            (format!("召回：{}", event.recall), format!("recalled: {}", event.recall))
        }
        ParcelEvent::RecallLifted(event) => {
            (format!("解除召回：{}", event.recall), format!("recall lifted: {}", event.recall))
        }
        ParcelEvent::Disposed(_) => say("处理掉", "thrown away or written off"),
        ParcelEvent::KeptOvernight(event) => {
            let (chinese, english) = overnight(event.reason);
            (
                format!("留存过夜：{chinese}，负责人 {}", event.owner),
                format!("kept overnight: {english}; {} takes care of it", event.owner),
            )
        }
        ParcelEvent::Reopened(event) => {
            let (chinese, english) = reopening(event.reason);
            (format!("重新打开：{chinese}"), format!("opened again: {english}"))
        }
        ParcelEvent::LateScanNoted(event) => match event.scan {
            LateScan::Relayed => say("补记：曾放到楼下", "late scan: it had been set down below"),
            LateScan::Failed => say("补记：曾未送成", "late scan: an attempt had failed"),
        },
        ParcelEvent::Disputed(event) => {
            let (recorded, claimed) = (end(event.recorded), end(event.claimed));
            (
                format!("有争议：记录为{}，又称{}", recorded.0, claimed.0),
                format!("disputed: recorded as {}, said to be {}", recorded.1, claimed.1),
            )
        }
        ParcelEvent::DisputeSettled(event) => {
            let truth = end(event.truth);
            (format!("争议已定：{}", truth.0), format!("dispute settled: {}", truth.1))
        }
        ParcelEvent::Photographed(event) => match event.kind {
            PhotoKind::Label => say("拍了标签照", "a photo of the label"),
            PhotoKind::Damage => say("拍了破损照", "a photo of the damage"),
            PhotoKind::AtDoor => say("拍了门口照", "a photo at the door"),
        },
    }
}

fn receiver(receiver: Receiver) -> (&'static str, &'static str) {
    match receiver {
        Receiver::LeftAtDoor => ("放在门口", "left at the door"),
        Receiver::Resident => ("住户收", "the household took it"),
        Receiver::Neighbour => ("邻居代收", "a neighbour took it"),
        Receiver::Guard => ("值守人员代收", "the guard took it"),
    }
}

fn failure(reason: FailureReason) -> (&'static str, &'static str) {
    match reason {
        FailureReason::NoAnswer => ("无人应答", "nobody answered"),
        FailureReason::WrongDoor => ("门牌不对", "the wrong door"),
        FailureReason::DamagedOrShort => ("破损或短少", "damaged or short"),
        FailureReason::Refused => ("住户不要", "the household does not want it"),
        FailureReason::ZoneClosed => ("区域封闭", "the zone is closed"),
    }
}

fn overnight(reason: OvernightReason) -> (&'static str, &'static str) {
    match reason {
        OvernightReason::UnknownRecipient => ("收件人不明", "unknown recipient"),
        OvernightReason::NobodyHome => ("无人接收", "nobody took it"),
        OvernightReason::ZoneClosed => ("区域封闭", "the zone is closed"),
        OvernightReason::ArrivedLate => ("到得太晚", "it came too late"),
        OvernightReason::NoCourier => ("人手不足", "too few hands"),
        OvernightReason::ToBeSettled => ("有待处理", "something is to be settled"),
    }
}

fn reopening(reason: ReopenReason) -> (&'static str, &'static str) {
    match reason {
        ReopenReason::Mistake => ("误按，撤销", "the wrong button, undone"),
        ReopenReason::WrongDoor => ("送错门，取回", "left at the wrong door"),
        ReopenReason::NotReceived => ("住户说没收到", "the household says that it never came"),
        ReopenReason::BroughtAgain => ("承运人再次送来", "its carrier brought it again"),
    }
}

fn end(end: End) -> (&'static str, &'static str) {
    match end {
        End::HandedOff => ("已送达", "handed off"),
        End::Returned => ("已退回", "brought back"),
        End::NotReceived => ("未收到", "not received"),
        End::GivenBack => ("已退承运人", "given back"),
        End::Disposed => ("已处理", "disposed of"),
    }
}
