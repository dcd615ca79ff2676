//! Subscriptions: a view is told whole, at once and again whenever it has changed.
//!
//! A frame is always the whole view at a position, so a follower who lost something needs no more
//! than the next frame. The first change is told at once; those that follow faster than
//! [`FRAME_EVERY`], or than a follower reads, become one frame. The engine
//! waits for nobody: it leaves a note in a bounded queue, and whoever falls behind hears `resync`.

use std::time::Duration;

use async_graphql::{Context, OutputType, Result, SimpleObject, Subscription};
use domain::ids::{BuildingId, CommunityId, GridId, ParcelId, RunId};
use futures_util::stream::unfold;
use futures_util::{FutureExt, Stream};
use jiff::Timestamp;
use projections::CommunityViews;
use projections::building_queue::BuildingQueue;
use projections::needs_care::CareEntry;
use projections::now_board::NowBoard;
use runtime::Problem;
use tokio::time::{Instant, sleep_until};

use super::events::{Event, Wanted, events};
use super::fault::fault;
use super::load::app;
use super::parcel::Parcel;
use super::reflect::Reflect;
use super::run::Run;
use crate::App;
use crate::views::questions::ask_care;
use crate::views::resources::BuildingQueueDetailBody;
use crate::views::{Asked, Change, Changes, Note, When};

/// A view at a position.
#[derive(SimpleObject)]
#[graphql(concrete(name = "NowBoardFrame", params("Reflect<NowBoard>")))]
#[graphql(concrete(name = "BuildingQueuesFrame", params("Reflect<Vec<BuildingQueue>>")))]
#[graphql(concrete(name = "BuildingQueueFrame", params("Reflect<BuildingQueueDetailBody>")))]
#[graphql(concrete(name = "NeedsCareFrame", params("Reflect<Vec<CareEntry>>")))]
#[graphql(concrete(name = "RunFrame", params(Run)))]
#[graphql(concrete(name = "ParcelFrame", params(Parcel)))]
pub(super) struct Frame<T: OutputType> {
    /// The position that it knows of; subscribe `after` it to go on from there.
    position: Reflect<u64>,
    /// The moment that its countdowns and ages are of.
    at: Reflect<Timestamp>,
    /// Changes were lost on the way, or `after` belongs to another log: whoever counts changes
    /// starts anew here. The view itself is whole.
    resync: bool,
    /// The view.
    view: T,
}

/// What can be followed. Every frame is whole; `after` leaves out the first one when nothing has
/// changed since that position.
pub(super) struct Live;

/// What can be followed. Every frame is whole; `after` leaves out the first one when nothing has
/// changed since that position.
#[Subscription]
impl Live {
    /// The board of a community.
    async fn now_board(
        &self,
        ctx: &Context<'_>,
        community: Reflect<CommunityId>,
        #[graphql(desc = "The position of the last frame that was seen.")] after: Option<
            Reflect<u64>,
        >,
    ) -> impl Stream<Item = Result<Frame<Reflect<NowBoard>>>> + use<> {
        let anything = |_: &Change| true;
        let of = community.0.clone();
        follow(app(ctx).clone(), community.0, after, anything, move |app| {
            let of = of.clone();
            async move {
                let asked = app.ask(&of, When::default(), CommunityViews::now_board).await?;
                Ok(asked.map(Reflect))
            }
            .boxed()
        })
    }

    /// The queue of every building of a community, and of pieces whose building nobody knows.
    async fn building_queues(
        &self,
        ctx: &Context<'_>,
        community: Reflect<CommunityId>,
        #[graphql(desc = "The position of the last frame that was seen.")] after: Option<
            Reflect<u64>,
        >,
    ) -> impl Stream<Item = Result<Frame<Reflect<Vec<BuildingQueue>>>>> + use<> {
        // Of a piece, or of the place itself.
        let moves_a_queue = |change: &Change| {
            change.parcel.is_some() || (change.run.is_none() && change.household.is_none())
        };
        let of = community.0.clone();
        follow(app(ctx).clone(), community.0, after, moves_a_queue, move |app| {
            let of = of.clone();
            async move {
                let asked = app.ask(&of, When::default(), CommunityViews::building_queues).await?;
                Ok(asked.map(Reflect))
            }
            .boxed()
        })
    }

    /// The queue of one building, on demand with its units and doors.
    async fn building(
        &self,
        ctx: &Context<'_>,
        community: Reflect<CommunityId>,
        building: Reflect<BuildingId>,
        #[graphql(desc = "Whether its units and doors are told too.", default)] doors: bool,
        #[graphql(desc = "The position of the last frame that was seen.")] after: Option<
            Reflect<u64>,
        >,
    ) -> impl Stream<Item = Result<Frame<Reflect<BuildingQueueDetailBody>>>> + use<> {
        let (of, wanted) = (community.0.clone(), building.0.clone());
        let its_own = move |change: &Change| change.buildings.contains(&wanted);
        let building = building.0;
        follow(app(ctx).clone(), community.0, after, its_own, move |app| {
            let (of, building) = (of.clone(), building.clone());
            async move {
                let found = crate::views::resources::ask_building(
                    &app,
                    &of,
                    &building,
                    When::default(),
                    doors,
                );
                Ok(found.await?.map(Reflect))
            }
            .boxed()
        })
    }

    /// The pieces that need somebody's care, the gravest first. A piece that comes to need it only
    /// because time passes, such as one whose window has closed, is in the next frame.
    async fn needs_care(
        &self,
        ctx: &Context<'_>,
        community: Reflect<CommunityId>,
        #[graphql(desc = "Of this grid only.")] grid: Option<Reflect<GridId>>,
        #[graphql(desc = "The position of the last frame that was seen.")] after: Option<
            Reflect<u64>,
        >,
    ) -> impl Stream<Item = Result<Frame<Reflect<Vec<CareEntry>>>>> + use<> {
        let anything = |_: &Change| true;
        let (of, grid) = (community.0.clone(), grid.map(|grid| grid.0));
        follow(app(ctx).clone(), community.0, after, anything, move |app| {
            let (of, grid) = (of.clone(), grid.clone());
            async move { Ok(ask_care(&app, &of, When::default(), grid, None).await?.map(Reflect)) }
                .boxed()
        })
    }

    /// One run.
    async fn run(
        &self,
        ctx: &Context<'_>,
        community: Reflect<CommunityId>,
        key: Reflect<RunId>,
        #[graphql(desc = "The position of the last frame that was seen.")] after: Option<
            Reflect<u64>,
        >,
    ) -> impl Stream<Item = Result<Frame<Run>>> + use<> {
        let (of, key) = (community.0.clone(), key.0);
        let its_own = move |change: &Change| change.run == Some(key);
        follow(app(ctx).clone(), community.0, after, its_own, move |app| {
            let of = of.clone();
            async move {
                let asked = app.ask(&of, When::default(), |_, _| ()).await?;
                let run = Run::peek(&app, &of, key).await?;
                Ok(asked.map(|()| run))
            }
            .boxed()
        })
    }

    /// One parcel, hand by hand.
    async fn parcel(
        &self,
        ctx: &Context<'_>,
        community: Reflect<CommunityId>,
        key: Reflect<ParcelId>,
        #[graphql(desc = "The position of the last frame that was seen.")] after: Option<
            Reflect<u64>,
        >,
    ) -> impl Stream<Item = Result<Frame<Parcel>>> + use<> {
        let (of, key) = (community.0.clone(), key.0);
        let its_own = move |change: &Change| change.parcel == Some(key);
        follow(app(ctx).clone(), community.0, after, its_own, move |app| {
            let of = of.clone();
            async move {
                let asked = app.ask(&of, When::default(), |_, _| ()).await?;
                let parcel = Parcel::peek(&app, &of, key).await?;
                Ok(asked.map(|()| parcel))
            }
            .boxed()
        })
    }

    /// Everything that happens, from a position on, without personal data; nothing is left out and
    /// nothing comes twice. Without `after`: from now on.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of this community only.")] community: Option<Reflect<CommunityId>>,
        #[graphql(desc = "The position of the last event that was seen; 0 is everything.")]
        after: Option<Reflect<u64>>,
        #[graphql(desc = "Of these types only, such as `ParcelHandedOff`.")] types: Option<
            Vec<String>,
        >,
    ) -> Result<impl Stream<Item = Result<Event>> + use<>> {
        let community = community.map(|community| community.0);
        let types = types.map(|types| types.into_iter().collect());
        events(ctx, Wanted { community, types }, after.map(|after| after.0)).await
    }
}

/// The shortest time between two frames of one follower: nobody reads faster, and a thousand boards
/// must not be told of every scan of a cart by itself.
const FRAME_EVERY: Duration = Duration::from_millis(250);

type Reading<T> = futures_util::future::BoxFuture<'static, std::result::Result<Asked<T>, Problem>>;

/// Somebody who follows a view.
struct Follower<I, R> {
    app: App,
    changes: Changes,
    after: Option<u64>,
    begun: bool,
    told_at: Option<Instant>,
    its_own: I,
    read: R,
}

/// Follows a view: whole at once, and again whenever something of its own has changed.
fn follow<T: OutputType, I, R>(
    app: App,
    community: CommunityId,
    after: Option<Reflect<u64>>,
    its_own: I,
    read: R,
) -> impl Stream<Item = Result<Frame<T>>> + use<T, I, R>
where
    I: Fn(&Change) -> bool + Send,
    R: Fn(App) -> Reading<T> + Send,
{
    // It follows before it reads, so that nothing falls in between.
    let changes = app.views.changes(Some(community));
    let after = after.map(|after| after.0);
    let follower = Follower { app, changes, after, begun: false, told_at: None, its_own, read };
    unfold(Some(follower), |follower| async {
        let mut follower = follower?;
        match follower.next().await {
            Ok(frame) => Some((Ok(frame), Some(follower))),
            // Whoever reads this subscribes again; a fault does not mend itself.
            Err(problem) => Some((Err(fault(&problem)), None)),
        }
    })
}

impl<I: Fn(&Change) -> bool, R> Follower<I, R> {
    async fn next<T: OutputType>(&mut self) -> std::result::Result<Frame<T>, Problem>
    where
        R: Fn(App) -> Reading<T>,
    {
        if !std::mem::replace(&mut self.begun, true) {
            let asked = (self.read)(self.app.clone()).await?;
            if self.after != Some(asked.position) {
                let resync = self.after.is_some_and(|after| after > asked.position);
                return Ok(Frame::of(asked, resync));
            }
        }
        let resync = self.changed().await;
        let asked = (self.read)(self.app.clone()).await?;
        self.told_at = Some(Instant::now());
        Ok(Frame::of(asked, resync))
    }

    /// Waits for a change; `true` is that some were lost.
    async fn changed(&mut self) -> bool {
        let mut resync = loop {
            match self.changes.next().await {
                Note::Resync => break true,
                Note::Changed(change) if (self.its_own)(&change) => break false,
                Note::Changed(_) => {}
            }
        };
        if let Some(told_at) = self.told_at {
            sleep_until(told_at + FRAME_EVERY).await;
        }
        // What has come meanwhile is in the same frame.
        while let Some(note) = self.changes.next().now_or_never() {
            resync |= note == Note::Resync;
        }
        resync
    }
}

impl<T: OutputType> Frame<T> {
    fn of(asked: Asked<T>, resync: bool) -> Self {
        let Asked { answer, position, at } = asked;
        Self { position: Reflect(position), at: Reflect(at), resync, view: answer }
    }
}
