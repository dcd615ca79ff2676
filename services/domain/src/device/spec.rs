use uuid::Uuid;

use super::event::{
    CommandQuarantined, CommandSettled, ContentDigest, DeviceRestored, DeviceRevoked,
    QuarantineReason, RefusalKind, SettledAnswer,
};
use super::{Device, DeviceCommand, DeviceEvent, DeviceRefusal, DeviceState, SETTLED_KEPT_MAX};
use crate::decider::fold;
use crate::event::DomainEvent;
use crate::ids::CommandId;
use crate::spec::given;

const SCAN: CommandId = CommandId(Uuid::from_u128(7));
const OTHER_SCAN: CommandId = CommandId(Uuid::from_u128(8));

fn content(byte: u8) -> ContentDigest {
    ContentDigest::from_bytes([byte; 16])
}

fn refused() -> CommandSettled {
    CommandSettled {
        command: SCAN,
        content: content(1),
        sequence: Some(4),
        answer: SettledAnswer::Refused {
            kind: RefusalKind::Refused,
            code: "wrong-grid".into(),
            english: "this piece belongs to grid 3".into(),
            chinese: "此件属于 3 网格".into(),
        },
    }
}

fn put_aside() -> CommandQuarantined {
    CommandQuarantined {
        command: SCAN,
        content: content(1),
        sequence: Some(4),
        reason: QuarantineReason::TooOld,
    }
}

fn revoked() -> DeviceEvent {
    DeviceRevoked {}.into()
}

mod settling {
    use super::*;

    #[test]
    fn an_answer_is_kept() {
        given::<Device>([]).when(DeviceCommand::Settle(refused())).then([refused().into()]);
        let state = fold::<Device>(DeviceState::default(), &[refused().into()]);
        assert_eq!(state.settled[&SCAN], (content(1), refused().answer));
        assert_eq!(state.content_of(SCAN), Some(content(1)));
    }

    #[test]
    fn a_device_that_is_refused_for_years_is_remembered_by_its_last_answers() {
        let kept = u128::try_from(SETTLED_KEPT_MAX).unwrap();
        let answers = (0..kept + 3).map(|number| {
            CommandSettled { command: CommandId(Uuid::from_u128(number)), ..refused() }.into()
        });
        let state = fold::<Device>(DeviceState::default(), &answers.collect::<Vec<_>>());
        assert_eq!(state.settled.len(), SETTLED_KEPT_MAX);
        assert_eq!(state.settled.keys().next(), Some(&CommandId(Uuid::from_u128(3))));
        assert_eq!(state.last_sequence, Some(4), "its count is not forgotten with them");
    }

    #[test]
    fn the_same_command_again_changes_nothing_even_from_a_revoked_device() {
        let another_answer = CommandSettled {
            answer: SettledAnswer::Repeated { revision: 3 },
            sequence: None,
            ..refused()
        };
        given::<Device>([refused().into()])
            .when(DeviceCommand::Settle(another_answer))
            .then_nothing();
        given::<Device>([refused().into(), revoked()])
            .when(DeviceCommand::Settle(refused()))
            .then_nothing();
    }

    #[test]
    fn nothing_is_settled_for_a_revoked_device() {
        given::<Device>([revoked()])
            .when(DeviceCommand::Settle(refused()))
            .refused(&DeviceRefusal::Revoked);
    }

    #[test]
    fn other_content_under_the_same_id_is_misuse() {
        let other = CommandSettled { content: content(2), ..refused() };
        for known in [refused().into(), put_aside().into()] {
            given::<Device>([known])
                .when(DeviceCommand::Settle(other.clone()))
                .refused(&DeviceRefusal::Misuse { command: SCAN });
        }
    }

    #[test]
    fn a_command_that_was_let_out_of_quarantine_is_settled() {
        given::<Device>([put_aside().into()])
            .when(DeviceCommand::Settle(refused()))
            .then([refused().into()]);
        let history = [put_aside().into(), refused().into()];
        let state = fold::<Device>(DeviceState::default(), &history);
        assert!(state.quarantined.is_empty());
    }

    #[test]
    fn the_highest_number_stands() {
        let number = |command, sequence| -> DeviceEvent {
            let settled = CommandSettled { command, sequence, ..refused() };
            settled.into()
        };
        let history = [number(SCAN, Some(4)), number(OTHER_SCAN, None)];
        let state = fold::<Device>(DeviceState::default(), &history);
        assert_eq!(state.last_sequence, Some(4));
        let state = fold::<Device>(state, &[number(OTHER_SCAN, Some(2))]);
        assert_eq!(state.last_sequence, Some(4));
    }
}

mod quarantining {
    use super::*;

    #[test]
    fn a_command_is_put_aside_from_a_revoked_device_too() {
        for history in [vec![], vec![revoked()]] {
            given::<Device>(history)
                .when(DeviceCommand::Quarantine(put_aside()))
                .then([put_aside().into()]);
        }
    }

    #[test]
    fn a_command_that_is_known_stays_where_it_is() {
        let again = CommandQuarantined { reason: QuarantineReason::Revoked, ..put_aside() };
        for known in [put_aside().into(), refused().into()] {
            given::<Device>([known]).when(DeviceCommand::Quarantine(again.clone())).then_nothing();
        }
    }

    #[test]
    fn other_content_under_the_same_id_is_misuse() {
        let other = CommandQuarantined { content: content(2), ..put_aside() };
        for known in [put_aside().into(), refused().into()] {
            given::<Device>([known])
                .when(DeviceCommand::Quarantine(other.clone()))
                .refused(&DeviceRefusal::Misuse { command: SCAN });
        }
    }
}

mod trusting {
    use super::*;

    #[test]
    fn a_device_is_revoked_and_restored() {
        given::<Device>([]).when(DeviceCommand::Revoke).then([revoked()]);
        given::<Device>([revoked()]).when(DeviceCommand::Restore).then([DeviceRestored {}.into()]);
        given::<Device>([revoked(), DeviceRestored {}.into()])
            .when(DeviceCommand::Settle(refused()))
            .then([refused().into()]);
    }

    #[test]
    fn what_is_so_already_changes_nothing() {
        given::<Device>([revoked()]).when(DeviceCommand::Revoke).then_nothing();
        given::<Device>([]).when(DeviceCommand::Restore).then_nothing();
    }
}

#[test]
fn the_stored_shape_of_an_answer_is_plain() {
    let event = DeviceEvent::from(refused());
    let payload = event.encode(serde_json::value::Serializer).unwrap();
    let expected = serde_json::json!({
        "command": "00000000-0000-0000-0000-000000000007",
        "content": "01010101010101010101010101010101",
        "sequence": 4,
        "answer": {
            "refused": {
                "kind": "refused",
                "code": "wrong-grid",
                "english": "this piece belongs to grid 3",
                "chinese": "此件属于 3 网格",
            },
        },
    });
    assert_eq!(payload, expected);
    assert_eq!(DeviceEvent::decode("CommandSettled", payload).unwrap(), event);
}
