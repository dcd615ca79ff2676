//! Asking a view: as it stands, at a position at least, or as it stood at a time.

use domain::ids::CommunityId;
use jiff::Timestamp;
use projections::CommunityViews;
use projections::community_views::FACTS;
use runtime::Problem;
use schemars::JsonSchema;
use serde::Deserialize;

use super::past::PastError;
use crate::App;

/// Of which moment a view is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// As it stood at this time: what had been recorded by then. Without it, now.
    #[serde(rename = "asOf")]
    pub as_of: Option<Timestamp>,
    /// Only once it has seen this position of the log; the answer to whatever was written carries
    /// it.
    #[serde(rename = "atLeast")]
    pub at_least: Option<u64>,
}

/// What a view answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked<R> {
    /// The answer.
    pub answer: R,
    /// The position of the last event of the community that it knows of.
    pub position: u64,
    /// The moment that it is of.
    pub at: Timestamp,
}

impl<R> Asked<R> {
    /// The same moment of something else.
    pub(crate) fn map<S>(self, f: impl FnOnce(R) -> S) -> Asked<S> {
        let Self { answer, position, at } = self;
        Asked { answer: f(answer), position, at }
    }
}

impl App {
    /// Asks the views of a community that follow from the facts.
    ///
    /// # Errors
    /// A problem: an unknown community, a time that has not come, or views that are behind or being
    /// rebuilt.
    pub async fn ask<R>(
        &self,
        community: &CommunityId,
        when: When,
        ask: impl FnOnce(&CommunityViews, Timestamp) -> R,
    ) -> Result<Asked<R>, Problem> {
        self.ask_of(FACTS, community, when, ask).await
    }

    /// Asks a view of a community that a snapshot keeps under a name of its own, of those in
    /// [`projections::community_views::VERSIONS`].
    ///
    /// # Errors
    /// See [`App::ask`].
    pub async fn ask_of<R>(
        &self,
        view: &str,
        community: &CommunityId,
        when: When,
        ask: impl FnOnce(&CommunityViews, Timestamp) -> R,
    ) -> Result<Asked<R>, Problem> {
        let now = self.engine.clock().now();
        if let Some(position) = when.at_least {
            self.engine.at_least(position).await?;
        }
        if when.as_of.is_none() {
            self.views.shared.rebuilding.wait_for(view).await?;
        }
        let Some(as_of) = when.as_of else {
            let asked = self.views.live(community, |views| {
                known(views).then(|| Asked {
                    answer: ask(views, now),
                    position: views.position(),
                    at: now,
                })
            });
            return asked.flatten().ok_or_else(|| unknown(community));
        };
        if as_of > now {
            return Err(future(now));
        }
        if self.views.held(community).is_none() {
            return Err(unknown(community));
        }
        let shared = &self.views.shared;
        let log = self.engine.log();
        let views = shared.past.views(log, community, as_of, shared.closed_kept).await;
        let views = views.map_err(|error| not_folded(&error))?;
        if !known(&views) {
            return Err(unknown(community));
        }
        let (answer, position) = (ask(&views, as_of), views.position());
        Ok(Asked { answer, position, at: as_of })
    }
}

fn known(views: &CommunityViews) -> bool {
    views.facts().community().registered.is_some()
}

fn unknown(community: &CommunityId) -> Problem {
    Problem::not_found(
        "community-unknown",
        format!("there was no community {community} at that time: check its name and the time"),
        format!("当时没有社区 {community}：请核对名称和时间"),
    )
}

fn future(now: Timestamp) -> Problem {
    Problem::invalid(
        "as-of-future",
        format!("nobody knows what will be: ask for a time up to {now}"),
        format!("未来尚不可知：请查询 {now} 及以前的时间"),
    )
}

fn not_folded(error: &PastError) -> Problem {
    match error {
        PastError::Busy => {
            return Problem::deferred(
                "as-of-busy",
                "others are looking at past times just now: ask again in a moment",
                "正在处理其他历史查询：请稍后重试",
            );
        }
        PastError::Log(_) | PastError::Codec(_) | PastError::BrokeOff => {
            tracing::error!(error = error as &dyn std::error::Error, "a past view cannot be had");
        }
    }
    Problem::deferred(
        "log-unavailable",
        "the event log did not answer: ask again in a moment",
        "事件日志暂无响应：请稍后重试",
    )
}
