//! Why a command on a run is refused.

use crate::ids::{GridId, ParcelId, RunId, VolunteerId};
use crate::refusal::refusals;

refusals! {
    /// Why a command on a run is refused.
    pub enum RunRefusal {
        NotPlanned => "run-unknown",
            "this run was never planned: plan it first",
            "没有这一配送趟：请先排定";
        AlreadyPlanned => "run-planned-otherwise",
            "this run is planned already with other stops or limits: cancel it and plan another",
            "此配送趟已按其他站点或限额排定：请取消后另排";
        WindowTimes => "run-window-times",
            "the run's window must close after it opens",
            "配送时段须先开始后结束";
        LimitShape => "run-limit-shape",
            "a run declares 1 to 1000 pieces, at least one gram and at least one millilitre",
            "每趟申报的限额须为 1 到 1000 件，且至少一克、一毫升";
        StopsShape => "run-stops-shape",
            "a run has at most 200 stops, each door and each piece once, and no stop is empty",
            "每趟至多 200 个站点，门和物件不得重复，站点不得为空";
        OtherGrid { grid: GridId } => "run-of-another-grid",
            "this run serves grid {grid} and nobody crosses grids: offer it to a volunteer of {grid}",
            "此趟属于 {grid} 网格，人员不跨网格：请派给 {grid} 网格的志愿者";
        NotAvailable => "volunteer-not-available",
            "this volunteer is not on shift or not free now: offer the run to another one",
            "该志愿者不在班或暂不可用：请派给其他人";
        ProtectionMissing => "protection-missing",
            "this run enters a sealed zone: offer it to a volunteer with protection",
            "此趟进入封控区：请派给有防护的志愿者";
        TooHeavy { pieces: u32, weight_grams: u32 } => "run-over-carry-limit",
            "this volunteer carries at most {pieces} pieces and {weight_grams} g: offer the run to another one, or plan a smaller one",
            "该志愿者每趟至多 {pieces} 件、{weight_grams} 克：请派给其他人，或排定较小的一趟";
        NotOffered => "run-not-offered",
            "this run was not offered to this volunteer: offer it first",
            "此趟未派给该志愿者：请先派单";
        AlreadyAccepted { courier: VolunteerId } => "run-accepted",
            "volunteer {courier} has accepted this run: it must be handed back first",
            "志愿者 {courier} 已接此趟：须先退回";
        NotAccepted => "run-not-accepted",
            "no courier has accepted this run: accept it first, then load",
            "此趟尚无人接单：请先接单再装车";
        NotYours => "run-of-another-courier",
            "another volunteer has this run: only that one can hand it back",
            "此趟在另一位志愿者手中：只能由本人退回";
        OverLimit { pieces: u32, weight_grams: u32, volume_millilitres: u32 } => "run-over-limit",
            "this trip carries at most {pieces} pieces, {weight_grams} g and {volume_millilitres} ml: leave this piece for the next run",
            "此趟限 {pieces} 件、{weight_grams} 克、{volume_millilitres} 毫升：此件请留给下一趟";
        NotOnePiece => "run-not-one-piece",
            "pieces are loaded one by one: scan each of them",
            "物件须逐件装车：请逐件扫描";
        PlannedForAnother { run: RunId } => "run-piece-of-another-run",
            "this piece is planned for run {run}, not for this one: put it on that cart",
            "此件排在另一趟 {run}，不属于本趟：请放到那一趟的车上";
        NotOnRun { parcel: ParcelId } => "parcel-not-on-run",
            "piece {parcel} was not loaded on this run: load it first, or report it on its own run",
            "物件 {parcel} 不在此趟上：请先装车，或在其所属趟次上报";
        PieceGone => "run-piece-gone",
            "this piece has been delivered: take the hand-off back first if that was wrong",
            "此件已交付：如有误请先撤销交付";
        NothingLoaded => "run-nothing-loaded",
            "nothing is loaded: load at least one piece, or cancel the run",
            "尚未装任何物件：请先装车，或取消此趟";
        CountDiffers { loaded: u32, counted: u32 } => "run-count-differs",
            "{loaded} pieces were scanned and {counted} were counted: count again and scan what is missing",
            "已扫描 {loaded} 件，清点为 {counted} 件：请重新清点并补扫";
        NotDeparted => "run-not-departed",
            "this run has not departed: count the pieces and depart first",
            "此趟尚未出发：请先清点并出发";
        Departed => "run-departed",
            "this run has departed: its load and its courier can no longer change",
            "此趟已出发：装载和人员不能再变更";
        PiecesOutstanding { count: u32 } => "run-pieces-outstanding",
            "{count} pieces are neither delivered nor back nor closed as lost: report or return them first",
            "还有 {count} 件未交付、未退回也未按遗失结案：请先上报或退回";
        BackCountDiffers { returned: u32, counted: u32 } => "run-back-count-differs",
            "{returned} pieces came back by scan and {counted} were counted: count again and scan what is missing",
            "已扫描退回 {returned} 件，清点为 {counted} 件：请重新清点并补扫";
        PiecesOnBoard { count: u32 } => "run-pieces-on-board",
            "{count} pieces are on this run: unload them first",
            "此趟上还有 {count} 件：请先卸下";
        Closed => "run-closed",
            "this run is closed: plan another one",
            "此趟已结束：请另排";
        Cancelled => "run-cancelled",
            "this run was called off: plan another one",
            "此趟已取消：请另排";
        NeedsTwo => "run-needs-two",
            "this run carries a piece for two people: offer it to two different volunteers",
            "此趟有需两人搬运的物件：请派给两位不同的志愿者";
        ReplanDrops { parcel: ParcelId } => "run-replan-drops",
            "piece {parcel} was loaded, and the new stops do not have it at its door: keep its stop",
            "物件 {parcel} 已装车，而新站点中没有它：请保留其站点";
        ReplanAdds { parcel: ParcelId } => "run-replan-adds",
            "this run has departed without piece {parcel}: plan it for another run",
            "此趟已出发，车上没有物件 {parcel}：请排入另一趟";
        SheetUnknown { sheet: u32 } => "run-sheet-unknown",
            "this run has no sheet number {sheet}: read the run again",
            "此趟没有第 {sheet} 版路线单：请重新读取";
    }
}
