//! Tasks that may not die unnoticed.

/// Runs a task apart; `None` if it died, which is told. Whoever acts for as long as the engine
/// lives must neither die with one event nor be missed by nobody.
pub(crate) async fn survive<T: Send + 'static>(
    name: &'static str,
    task: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    match tokio::spawn(task).await {
        Ok(done) => Some(done),
        Err(died) => {
            tracing::error!(name, error = &died as &dyn std::error::Error, "a task died");
            metrics::counter!("lastmeter_tasks_died_total").increment(1);
            None
        }
    }
}
