//! Answers of jobs, to be taken away as files.

use super::caching::{DEPENDS_ON, Tag, finish, not_modified};
use super::encoding::Coding;
use super::{Shared, auth};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, ETAG, RETRY_AFTER, VARY};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use tokio::sync::{Semaphore, SemaphorePermit};
use walkshed_graphql::Budget;

static TURNS: Semaphore = Semaphore::const_new(2);

/// `GET /jobs/ID`: the answer of a job, as it would have been answered at once.
pub async fn result(shared: Data<Shared>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    if let Some(reply) = auth::refusal(&shared, &request) {
        return reply;
    }
    // Few are taken from the database at a time, as they count only when they are there.
    let turn = TURNS.acquire().await.ok();
    let store = shared.live.store();
    let found = async {
        match store.job(&id).await? {
            Some(job) => Ok(Some((job, store.job_result(&id).await?))),
            None => Ok::<_, walkshed_store::StoreError>(None),
        }
    };
    match found.await {
        Ok(Some((_, Some(result)))) => found_result(&shared, &request, result, turn).await,
        Ok(Some((job, None))) => HttpResponse::NotFound()
            .json(json!({ "error": "the job has no answer", "state": job.state.key(), "why": job.error })),
        Ok(None) => HttpResponse::NotFound()
            .json(json!({ "error": "there is no job with the id, or it ended more than a day ago" })),
        Err(error) => {
            tracing::error!(%error, "the answer of a job cannot be read");
            HttpResponse::InternalServerError().json(json!({ "error": "the answer cannot be read" }))
        }
    }
}

async fn found_result(
    shared: &Shared,
    request: &HttpRequest,
    result: String,
    turn: Option<SemaphorePermit<'static>>,
) -> HttpResponse {
    const MEDIA: &str = "application/json; charset=utf-8";
    const KEEPING: &str = "private, max-age=3600";
    let tag = Tag::of(MEDIA, result.as_bytes());
    if tag.is_known(request.headers()) {
        return not_modified(tag, KEEPING);
    }
    let budget = Budget::new(shared.api.under_way().clone(), usize::MAX);
    if budget.charge(result.len()).is_err() {
        return HttpResponse::ServiceUnavailable()
            .insert_header((RETRY_AFTER, "5"))
            .json(json!({ "error": "the answers that are being sent hold all the memory there is for them" }));
    }
    drop(turn);
    let mut response = HttpResponse::Ok();
    response
        .content_type(MEDIA)
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"walkshed-job.json\""))
        .insert_header((CACHE_CONTROL, KEEPING))
        .insert_header((VARY, DEPENDS_ON))
        .insert_header((ETAG, tag.header()));
    finish(response, result.into_bytes(), budget, Coding::wanted(request.headers())).await
}
