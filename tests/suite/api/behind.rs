//! Views that are really behind: what was scanned is stored and answered, and whoever asks for
//! views that have seen it is told to ask again until they have.

use std::sync::Arc;

use async_trait::async_trait;
use event_log::{
    AppendError, Appended, Delivery, Direction, EventLog, Expected, Health, LogError, MemoryLog,
    NewEvent, Position, RecordedEvent, Revision, StreamName, Subscription,
};
use serde_json::json;
use tokio::sync::watch;

use super::door::{COMMUNITY, Door};

/// A log whose subscribers hear of nothing new while they are held.
struct Held {
    log: MemoryLog,
    is_held: watch::Receiver<bool>,
}

struct HeldSubscription {
    events: Box<dyn Subscription>,
    is_held: watch::Receiver<bool>,
}

#[async_trait]
impl Subscription for HeldSubscription {
    async fn next(&mut self) -> Result<Delivery, LogError> {
        let delivery = self.events.next().await;
        self.is_held.wait_for(|is_held| !is_held).await.unwrap();
        delivery
    }
}

#[async_trait]
impl EventLog for Held {
    async fn append(
        &self,
        stream: &StreamName,
        expected: Expected,
        events: Vec<NewEvent>,
    ) -> Result<Appended, AppendError> {
        self.log.append(stream, expected, events).await
    }

    async fn read_stream(
        &self,
        stream: &StreamName,
        from: Option<Revision>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.log.read_stream(stream, from, direction, limit).await
    }

    async fn read_all(
        &self,
        from: Option<Position>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.log.read_all(from, direction, limit).await
    }

    fn subscribe(&self, after: Option<Position>) -> Box<dyn Subscription> {
        let (events, is_held) = (self.log.subscribe(after), self.is_held.clone());
        Box::new(HeldSubscription { events, is_held })
    }

    async fn head(&self) -> Result<Option<Position>, LogError> {
        self.log.head().await
    }

    fn health(&self) -> Health {
        self.log.health()
    }
}

#[tokio::test]
async fn views_that_are_behind_say_so_until_they_are_not() {
    let (hold, is_held) = watch::channel(false);
    let log = MemoryLog::new();
    let door = Door::over(log.clone(), Arc::new(Held { log, is_held })).await;
    door.load_community().await;
    let household = door.household("1", "1", "301").await;
    door.settle().await;

    hold.send_replace(true);
    let arrive = json!({
        "code": "SF1234567890123", "carrier": "sf", "category": "parcel_goods",
        "household": household,
    });
    let taken = door.scan("arrive", arrive).await;
    assert_eq!(taken["problem"], serde_json::Value::Null);
    assert_eq!((&taken["status"], &taken["view_behind"]), (&json!("accepted"), &json!(true)));
    let head = door.count().await;
    let queue = format!("/api/v1/communities/{COMMUNITY}/building-queues/1");
    let behind = door.get(&format!("{queue}?atLeast={head}")).await;
    let problem = behind.is_problem(503, "views-behind");
    assert_eq!(problem["retry"], true, "{problem:#}");
    // Who asks for no position is answered from what the views have seen.
    let seen = door.get(&queue).await.json();
    assert_eq!(seen["queue"]["total"]["at_gate"], 0, "{seen:#}");

    hold.send_replace(false);
    let answered = door.get(&format!("{queue}?atLeast={head}")).await;
    assert_eq!(
        (answered.status.as_u16(), &answered.json()["queue"]["total"]["at_gate"]),
        (200, &json!(1))
    );
}
