use proptest::prelude::*;
use uuid::Uuid;

use super::event::{
    Channel, OrderCancelReason, OrderCancelled, OrderFulfilled, OrderLine, OrderMarkedShort,
    OrderParcelAdded, OrderPieceHandedOff, OrderPieceReopened, OrderPiecesCorrected, OrderPlaced,
    OrderReopened, OrderUrgencySet,
};
use super::{
    ITEM_CHARS_MAX, LINES_MAX, Order, OrderCommand, OrderEvent, OrderRefusal, OrderState,
    PIECES_MAX, Phase, QUANTITY_MAX,
};
use crate::decider::{Decider, fold};
use crate::event::DomainEvent;
use crate::ids::{HouseholdId, ParcelId};
use crate::spec::given;
use crate::supply::Category;

const EGGS: ParcelId = ParcelId(Uuid::from_u128(11));
const PORK: ParcelId = ParcelId(Uuid::from_u128(12));
const SOAP: ParcelId = ParcelId(Uuid::from_u128(13));

fn line(item: &str, quantity: u32) -> OrderLine {
    OrderLine { item: item.into(), category: Category::Produce, quantity }
}

/// Eggs and pork, by telephone, in two pieces.
fn call() -> OrderPlaced {
    OrderPlaced {
        channel: Channel::Phone,
        household: HouseholdId(Uuid::from_u128(1)),
        placed_by: "badge-7".parse().unwrap(),
        lines: vec![line("土鸡蛋", 30), line("鲜猪肉", 2)],
        pieces: 2,
        urgent: false,
    }
}

fn placed() -> Vec<OrderEvent> {
    vec![call().into()]
}

fn then(
    mut history: Vec<OrderEvent>,
    more: impl IntoIterator<Item = OrderEvent>,
) -> Vec<OrderEvent> {
    history.extend(more);
    history
}

fn both_known() -> Vec<OrderEvent> {
    then(placed(), [added(EGGS), added(PORK)])
}

fn one_there() -> Vec<OrderEvent> {
    then(both_known(), [handed_off(EGGS)])
}

fn fulfilled() -> Vec<OrderEvent> {
    then(one_there(), [handed_off(PORK), OrderFulfilled {}.into()])
}

fn cancelled() -> Vec<OrderEvent> {
    let reason = OrderCancelReason::SoldOut;
    then(both_known(), [OrderCancelled { reason }.into()])
}

fn added(parcel: ParcelId) -> OrderEvent {
    OrderParcelAdded { parcel }.into()
}

fn handed_off(parcel: ParcelId) -> OrderEvent {
    OrderPieceHandedOff { parcel }.into()
}

fn reopened(parcel: ParcelId) -> OrderEvent {
    OrderPieceReopened { parcel }.into()
}

fn add(parcel: ParcelId) -> OrderCommand {
    OrderCommand::AddParcel { parcel }
}

fn hand_off(parcel: ParcelId) -> OrderCommand {
    OrderCommand::RecordHandedOff { parcel }
}

fn reopen(parcel: ParcelId) -> OrderCommand {
    OrderCommand::RecordReopened { parcel }
}

fn correct(pieces: u16) -> OrderCommand {
    OrderCommand::CorrectPieces { pieces }
}

fn urgent(urgent: bool) -> OrderEvent {
    OrderUrgencySet { urgent }.into()
}

fn cancel() -> OrderCommand {
    let reason = OrderCancelReason::HouseholdWish;
    OrderCommand::Cancel { reason }
}

mod urgency {
    use super::*;

    fn set(urgent: bool) -> OrderCommand {
        OrderCommand::SetUrgency { urgent }
    }

    #[test]
    fn an_order_becomes_urgent_and_can_wait_again() {
        given::<Order>(placed()).when(set(true)).then([urgent(true)]);
        given::<Order>(then(placed(), [urgent(true)])).when(set(false)).then([urgent(false)]);
    }

    #[test]
    fn saying_so_again_changes_nothing() {
        given::<Order>(placed()).when(set(false)).then_nothing();
        let said = OrderPlaced { urgent: true, ..call() };
        given::<Order>([said.into()]).when(set(true)).then_nothing();
    }

    #[test]
    fn an_order_that_is_not_there_or_not_delivered_is_not_urgent() {
        given::<Order>([]).when(set(true)).refused(&OrderRefusal::NotPlaced);
        given::<Order>(cancelled()).when(set(true)).refused(&OrderRefusal::Cancelled);
    }

    #[test]
    fn an_order_that_is_placed_again_as_urgent_conflicts() {
        let said = OrderPlaced { urgent: true, ..call() };
        given::<Order>(placed())
            .when(OrderCommand::Place(said))
            .refused(&OrderRefusal::AlreadyPlaced);
    }

    #[test]
    fn an_order_of_which_nobody_said_so_is_stored_as_before() {
        let stored = serde_json::to_string(&call()).unwrap();
        assert!(!stored.contains("urgent"), "{stored}");
        assert!(!serde_json::from_str::<OrderPlaced>(&stored).unwrap().urgent);
    }
}

mod placing {
    use super::*;

    #[test]
    fn an_order_is_placed() {
        given::<Order>([]).when(OrderCommand::Place(call())).then(placed());
    }

    #[test]
    fn placing_it_again_changes_nothing() {
        for history in [placed(), fulfilled(), cancelled()] {
            given::<Order>(history).when(OrderCommand::Place(call())).then_nothing();
        }
    }

    #[test]
    fn an_impossible_order_is_refused() {
        let with = |lines: Vec<OrderLine>| {
            let order = OrderPlaced { lines, ..call() };
            given::<Order>([]).when(OrderCommand::Place(order))
        };
        with(vec![]).refused(&OrderRefusal::LinesShape);
        with(vec![line("蛋", 1); LINES_MAX + 1]).refused(&OrderRefusal::LinesShape);
        for item in ["", "  ", "蛋\n", &"蛋".repeat(ITEM_CHARS_MAX + 1)] {
            with(vec![line(item, 1)]).refused(&OrderRefusal::LinesShape);
        }
        for quantity in [0, QUANTITY_MAX + 1] {
            with(vec![line("蛋", quantity)]).refused(&OrderRefusal::LinesShape);
        }
        for pieces in [0, PIECES_MAX + 1] {
            let order = OrderPlaced { pieces, ..call() };
            given::<Order>([]).when(OrderCommand::Place(order)).refused(&OrderRefusal::PiecesShape);
        }
    }

    #[test]
    fn other_contents_under_the_same_order_conflict() {
        let other = OrderPlaced { channel: Channel::Proxy, ..call() };
        given::<Order>(placed())
            .when(OrderCommand::Place(other))
            .refused(&OrderRefusal::AlreadyPlaced);
    }

    #[test]
    fn nothing_can_be_asked_of_an_order_that_nobody_placed() {
        let short = OrderCommand::MarkShort { line: 1, missing: 1 };
        let (added, there, back) = (add(EGGS), hand_off(EGGS), reopen(EGGS));
        for command in [added, there, back, short, correct(1), cancel()] {
            given::<Order>([]).when(command).refused(&OrderRefusal::NotPlaced);
        }
    }
}

mod adding {
    use super::*;

    #[test]
    fn a_piece_belongs_to_the_order() {
        given::<Order>(placed()).when(add(EGGS)).then([added(EGGS)]);
    }

    #[test]
    fn adding_it_again_changes_nothing() {
        for history in [both_known(), fulfilled(), cancelled()] {
            given::<Order>(history).when(add(EGGS)).then_nothing();
        }
    }

    #[test]
    fn more_pieces_than_expected_are_all_waited_for() {
        let three = then(both_known(), [added(SOAP)]);
        given::<Order>(both_known()).when(add(SOAP)).then([added(SOAP)]);
        given::<Order>(then(three, [handed_off(EGGS)]))
            .when(hand_off(PORK))
            .then([handed_off(PORK)]);
        given::<Order>(fulfilled()).when(add(SOAP)).then([added(SOAP), OrderReopened {}.into()]);
    }

    #[test]
    fn pieces_are_bounded() {
        let known = (0..PIECES_MAX).map(|n| added(ParcelId(Uuid::from_u128(100 + u128::from(n)))));
        given::<Order>(then(placed(), known)).when(add(EGGS)).refused(&OrderRefusal::TooManyPieces);
    }

    #[test]
    fn a_piece_for_a_cancelled_order_conflicts() {
        given::<Order>(cancelled()).when(add(SOAP)).refused(&OrderRefusal::Cancelled);
    }
}

mod handing_off {
    use super::*;

    #[test]
    fn the_last_piece_fulfils_the_order() {
        given::<Order>(both_known()).when(hand_off(EGGS)).then([handed_off(EGGS)]);
        given::<Order>(one_there())
            .when(hand_off(PORK))
            .then([handed_off(PORK), OrderFulfilled {}.into()]);
    }

    #[test]
    fn a_piece_that_has_not_come_yet_is_waited_for() {
        given::<Order>(then(placed(), [added(EGGS)])).when(hand_off(EGGS)).then([handed_off(EGGS)]);
    }

    #[test]
    fn handing_it_off_again_changes_nothing() {
        for history in [one_there(), fulfilled()] {
            given::<Order>(history).when(hand_off(EGGS)).then_nothing();
        }
    }

    #[test]
    fn a_piece_of_another_order_is_refused() {
        given::<Order>(both_known())
            .when(hand_off(SOAP))
            .refused(&OrderRefusal::UnknownParcel { parcel: SOAP });
    }

    #[test]
    fn what_reached_the_household_of_a_cancelled_order_is_recorded_all_the_same() {
        given::<Order>(cancelled()).when(hand_off(EGGS)).then([handed_off(EGGS)]);
    }
}

mod reopening {
    use super::*;

    #[test]
    fn a_hand_off_that_is_taken_back_opens_a_fulfilled_order() {
        given::<Order>(one_there()).when(reopen(EGGS)).then([reopened(EGGS)]);
        given::<Order>(fulfilled())
            .when(reopen(EGGS))
            .then([reopened(EGGS), OrderReopened {}.into()]);
    }

    #[test]
    fn it_is_fulfilled_again_by_the_next_hand_off() {
        let history = then(fulfilled(), [reopened(EGGS), OrderReopened {}.into()]);
        given::<Order>(history)
            .when(hand_off(EGGS))
            .then([handed_off(EGGS), OrderFulfilled {}.into()]);
    }

    #[test]
    fn taking_back_what_was_not_handed_off_changes_nothing() {
        given::<Order>(one_there()).when(reopen(PORK)).then_nothing();
    }

    #[test]
    fn a_piece_of_another_order_is_refused() {
        given::<Order>(fulfilled())
            .when(reopen(SOAP))
            .refused(&OrderRefusal::UnknownParcel { parcel: SOAP });
    }
}

mod running_short {
    use super::*;

    fn short(line: u16, missing: u32) -> OrderCommand {
        OrderCommand::MarkShort { line, missing }
    }

    fn marked(line: u16, missing: u32) -> OrderEvent {
        OrderMarkedShort { line, missing }.into()
    }

    #[test]
    fn some_of_a_line_does_not_come() {
        given::<Order>(placed()).when(short(1, 30)).then([marked(1, 30)]);
        given::<Order>(then(placed(), [marked(1, 30)])).when(short(1, 0)).then([marked(1, 0)]);
    }

    #[test]
    fn saying_it_again_changes_nothing() {
        given::<Order>(then(placed(), [marked(2, 1)])).when(short(2, 1)).then_nothing();
        given::<Order>(placed()).when(short(2, 0)).then_nothing();
    }

    #[test]
    fn a_line_that_is_not_there_or_more_than_was_asked_is_refused() {
        for line in [0, 3] {
            given::<Order>(placed())
                .when(short(line, 1))
                .refused(&OrderRefusal::UnknownLine { line });
        }
        let (line, quantity) = (2, 2);
        given::<Order>(placed())
            .when(short(line, 3))
            .refused(&OrderRefusal::MoreThanAsked { line, quantity });
    }

    #[test]
    fn a_cancelled_order_conflicts() {
        given::<Order>(cancelled()).when(short(1, 1)).refused(&OrderRefusal::Cancelled);
    }
}

mod correcting {
    use super::*;

    #[test]
    fn an_order_that_comes_in_fewer_pieces_is_fulfilled_by_those() {
        let history = then(placed(), [added(EGGS), handed_off(EGGS)]);
        let corrected = OrderPiecesCorrected { pieces: 1 };
        given::<Order>(history).when(correct(1)).then([corrected.into(), OrderFulfilled {}.into()]);
    }

    #[test]
    fn an_order_that_comes_in_more_pieces_waits_for_them() {
        let corrected = OrderPiecesCorrected { pieces: 3 };
        given::<Order>(fulfilled())
            .when(correct(3))
            .then([corrected.into(), OrderReopened {}.into()]);
    }

    #[test]
    fn the_number_that_stands_changes_nothing() {
        given::<Order>(placed()).when(correct(2)).then_nothing();
    }

    #[test]
    fn an_impossible_number_is_refused() {
        for pieces in [0, PIECES_MAX + 1] {
            given::<Order>(placed()).when(correct(pieces)).refused(&OrderRefusal::PiecesShape);
        }
        given::<Order>(both_known())
            .when(correct(1))
            .refused(&OrderRefusal::FewerThanAdded { added: 2 });
    }

    #[test]
    fn a_cancelled_order_conflicts() {
        given::<Order>(cancelled()).when(correct(3)).refused(&OrderRefusal::Cancelled);
    }
}

mod cancelling {
    use super::*;

    #[test]
    fn an_order_is_called_off() {
        let reason = OrderCancelReason::HouseholdWish;
        for history in [placed(), both_known()] {
            given::<Order>(history).when(cancel()).then([OrderCancelled { reason }.into()]);
        }
    }

    #[test]
    fn calling_it_off_again_changes_nothing_whatever_the_reason() {
        given::<Order>(cancelled()).when(cancel()).then_nothing();
    }

    #[test]
    fn an_order_of_which_something_was_handed_off_conflicts() {
        for history in [one_there(), fulfilled()] {
            given::<Order>(history).when(cancel()).refused(&OrderRefusal::PartlyHandedOff);
        }
    }
}

fn a_command() -> impl Strategy<Value = OrderCommand> {
    let parcel = prop_oneof![Just(EGGS), Just(PORK), Just(SOAP)];
    prop_oneof![
        1 => Just(OrderCommand::Place(call())),
        4 => parcel.clone().prop_map(add),
        6 => parcel.clone().prop_map(hand_off),
        3 => parcel.prop_map(reopen),
        1 => (0..4_u16, 0..4_u32).prop_map(|(line, missing)| OrderCommand::MarkShort {
            line,
            missing,
        }),
        2 => (0..5_u16).prop_map(correct),
        1 => Just(cancel()),
    ]
}

proptest! {
    /// An order is fulfilled exactly while every piece that it comes in is at the door.
    #[test]
    fn fulfilled_means_that_every_piece_is_there(
        commands in proptest::collection::vec(a_command(), 1..40),
    ) {
        let mut state = fold::<Order>(OrderState::default(), &placed());
        for command in commands {
            let Ok(events) = Order::decide(&state, command.clone()) else {
                continue;
            };
            for event in &events {
                let payload = event.encode(serde_json::value::Serializer).unwrap();
                prop_assert_eq!(&OrderEvent::decode(event.event_type(), payload).unwrap(), event);
            }
            state = fold::<Order>(state, &events);
            prop_assert!(state.handed_off.is_subset(&state.parcels));
            let complete = state.handed_off.len() == state.expected_pieces();
            match state.phase {
                Phase::Unknown => prop_assert!(false, "a placed order is known"),
                Phase::Open => prop_assert!(!complete),
                Phase::Fulfilled => prop_assert!(complete),
                Phase::Cancelled => {}
            }
            prop_assert_eq!(Order::decide(&state, command), Ok(vec![]));
        }
    }
}
