//! Webhooks: whoever wants to know hears of hand-offs, failed attempts and pieces that need care.
//!
//! Messages follow the Standard Webhooks specification: `webhook-id`, `webhook-timestamp` and
//! `webhook-signature`, so that its libraries verify them. Each hook reads the log from its own
//! position, in order, and the position is kept: a message comes at least once, under the same id.
//!
//! **It writes nothing to the log**, and it never calls an address inside the house unless it was
//! told to (`--webhooks-allow-private`).

mod deliver;
mod hook;
mod resources;
mod sign;
mod store;
mod target;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ids::CommunityId;
use runtime::{Engine, Problem};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use uuid::Uuid;

use self::hook::{Hook, HookState};
pub use self::hook::{HookBody, HookKind, HookSetBody, RemovedBody, SetHookBody};
pub(crate) use self::resources::{routes, set_hook};
use self::sign::Secret;
use self::store::Store;
use self::target::Target;

/// The most hooks of one engine.
pub const HOOKS_MAX: usize = 200;

/// How webhooks are kept and sent.
#[derive(Debug, Clone, Default)]
pub struct WebhookSettings {
    /// Where hooks and their positions are kept; without it they live as long as the process.
    pub file: Option<PathBuf>,
    /// Whether addresses inside the house are called, and plain HTTP is spoken.
    pub allow_private: bool,
}

/// The hooks cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WebhooksError {
    /// The file cannot be read.
    #[error("the webhooks in {path} cannot be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is of another shape.
    #[error("the webhooks in {path} are not of a shape that this version knows")]
    Shape {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
}

/// The hooks of an engine.
#[derive(Clone, Default)]
pub struct Webhooks(Arc<Shared>);

#[derive(Default)]
struct Shared {
    hooks: Mutex<BTreeMap<Uuid, Hook>>,
    /// What sends each hook's messages.
    senders: Mutex<BTreeMap<Uuid, AbortHandle>>,
    engine: Mutex<Option<Arc<Engine>>>,
    store: Store,
    changed: Notify,
    allow_private: bool,
}

impl Webhooks {
    /// The hooks as they were left.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn open(settings: &WebhookSettings) -> Result<Self, WebhooksError> {
        let store = Store::at(settings.file.clone());
        let hooks = Mutex::new(store.read()?);
        let allow_private = settings.allow_private;
        Ok(Self(Arc::new(Shared { hooks, store, allow_private, ..Shared::default() })))
    }

    /// Sends what happens from now on, and what happened while the engine was away.
    pub fn start(&self, engine: &Arc<Engine>) {
        *lock(&self.0.engine) = Some(Arc::clone(engine));
        let active: Vec<_> =
            self.hooks().values().filter(|hook| hook.is_active()).cloned().collect();
        for hook in active {
            self.send_for(&hook);
        }
        tokio::spawn(store::keep(Arc::downgrade(&self.0)));
    }

    /// Stops sending, and keeps the positions.
    pub fn stop(&self) {
        for (_, sender) in std::mem::take(&mut *lock(&self.0.senders)) {
            sender.abort();
        }
        self.0.store.write(&self.hooks());
        *lock(&self.0.engine) = None;
    }

    /// Makes a hook or changes it; `true` beside it is "its secret was made here, so tell it".
    ///
    /// # Errors
    /// A problem of its address or secret, or too many hooks.
    pub fn set(&self, community: &CommunityId, body: SetHookBody) -> Result<(Hook, bool), Problem> {
        Target::read(&body.url, self.0.allow_private)?;
        if body.kinds.is_empty() {
            return Err(no_kinds());
        }
        let given = body.secret.as_deref().map(Secret::read).transpose()?;
        let from = match (body.after, self.position()) {
            (Some(after), _) => after,
            (None, position) => position,
        };
        let mut hooks = self.hooks();
        let known = hooks.get(&body.id).cloned();
        if known.as_ref().is_some_and(|known| known.community != *community) {
            return Err(unknown());
        }
        if known.is_none() && hooks.len() >= HOOKS_MAX {
            return Err(too_many());
        }
        let is_made = given.is_none() && known.is_none();
        let secret = match (given, &known) {
            (Some(secret), _) => secret,
            (None, Some(known)) => known.secret.clone(),
            (None, None) => Secret::new()?,
        };
        let hook = Hook {
            id: body.id,
            community: community.clone(),
            url: body.url,
            kinds: body.kinds,
            secret,
            position: body.after.or(known.map(|known| known.position)).unwrap_or(from),
            state: HookState::Active,
            sent: 0,
            last_failure: None,
        };
        hooks.insert(hook.id, hook.clone());
        self.0.store.write(&hooks);
        drop(hooks);
        self.send_for(&hook);
        Ok((hook, is_made))
    }

    /// Takes a hook away; `false` is that there was none.
    pub fn remove(&self, community: &CommunityId, id: Uuid) -> bool {
        let mut hooks = self.hooks();
        let is_its_own = hooks.get(&id).is_some_and(|hook| hook.community == *community);
        if is_its_own {
            hooks.remove(&id);
            self.0.store.write(&hooks);
            if let Some(sender) = lock(&self.0.senders).remove(&id) {
                sender.abort();
            }
        }
        is_its_own
    }

    /// The hooks of a community.
    pub fn of(&self, community: &CommunityId) -> Vec<Hook> {
        let hooks = self.hooks();
        hooks.values().filter(|hook| hook.community == *community).cloned().collect()
    }

    fn hooks(&self) -> MutexGuard<'_, BTreeMap<Uuid, Hook>> {
        lock(&self.0.hooks)
    }

    fn position(&self) -> u64 {
        lock(&self.0.engine).as_ref().map_or(0, |engine| engine.progress().position.0)
    }

    fn send_for(&self, hook: &Hook) {
        let Some(engine) = lock(&self.0.engine).clone() else { return };
        let sending = deliver::run(Arc::downgrade(&self.0), engine, hook.clone());
        let sender = tokio::spawn(sending).abort_handle();
        if let Some(former) = lock(&self.0.senders).insert(hook.id, sender) {
            former.abort();
        }
    }
}

impl Shared {
    /// Changes a hook, if it is still there, and lets it be kept.
    fn change(&self, id: Uuid, change: impl FnOnce(&mut Hook)) {
        if let Some(hook) = lock(&self.hooks).get_mut(&id) {
            change(hook);
        }
        self.changed.notify_one();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn no_kinds() -> Problem {
    Problem::invalid(
        "webhook-kinds-missing",
        "a webhook that hears of nothing is none: give at least one of `kinds`",
        "请至少选择一种通知类型（`kinds`）",
    )
}

fn too_many() -> Problem {
    Problem::invalid(
        "webhooks-too-many",
        format!("there are {HOOKS_MAX} webhooks already: remove one first"),
        format!("已有 {HOOKS_MAX} 个 webhook：请先删除一个"),
    )
}

fn unknown() -> Problem {
    Problem::not_found(
        "webhook-unknown",
        "there is no such webhook in this community: check the id",
        "本社区没有这个 webhook：请核对编号",
    )
}
