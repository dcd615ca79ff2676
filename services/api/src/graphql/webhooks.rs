//! Webhooks: who is told of hand-offs, failures and pieces that need care.

#![expect(clippy::unused_async, reason = "async-graphql asks for async fields")]

use async_graphql::{Context, Object, Result, SimpleObject, Union};
use domain::ids::CommunityId;
use uuid::Uuid;

use super::fault::{Refusal, fault};
use super::load::app;
use super::reflect::Reflect;
use crate::webhooks::{HookBody, HookSetBody, RemovedBody, SetHookBody, set_hook};

/// What is done to webhooks.
pub(super) struct WebhookCommands;

/// What is done to webhooks.
#[Object]
impl WebhookCommands {
    /// Make a webhook or change it.
    async fn webhook_set(
        &self,
        ctx: &Context<'_>,
        community: Reflect<CommunityId>,
        input: Reflect<SetHookBody>,
    ) -> Result<WebhookPayload> {
        match set_hook(app(ctx), &community.0, input.0) {
            Ok(HookSetBody { webhook, secret }) => {
                let webhook = Reflect(webhook);
                Ok(WebhookPayload::Set(WebhookChanged { webhook, secret }))
            }
            Err(problem) if problem.is_deferred() => Err(fault(&problem)),
            Err(problem) => Ok(WebhookPayload::Refused(problem.into())),
        }
    }

    /// Take a webhook away.
    async fn webhook_remove(
        &self,
        ctx: &Context<'_>,
        community: Reflect<CommunityId>,
        id: Reflect<Uuid>,
    ) -> Reflect<RemovedBody> {
        let removed = app(ctx).webhooks.remove(&community.0, id.0);
        Reflect(RemovedBody { id: id.0, removed })
    }
}

/// What became of setting a webhook.
#[derive(Union)]
enum WebhookPayload {
    /// It was set.
    Set(WebhookChanged),
    /// It was not.
    Refused(Refusal),
}

/// A webhook was made or changed.
#[derive(SimpleObject)]
struct WebhookChanged {
    /// The webhook.
    webhook: Reflect<HookBody>,
    /// Its secret, when it was made here; it is told this once.
    secret: Option<String>,
}
