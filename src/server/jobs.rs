//! Results of jobs as files.

use super::auth;
use super::caching::{EntityTag, VARY_HEADERS, not_modified, with_body};
use super::encoding::ContentCoding;
use super::shared::Shared;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, ETAG, RETRY_AFTER, VARY};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;
use tokio::sync::{Semaphore, SemaphorePermit};
use walkshed_graphql::MemoryBudget;

/// Limits the number of results that are read at the same time.
static READS: Semaphore = Semaphore::const_new(2);

/// `GET /jobs/ID`: returns the result of a job.
pub async fn result(shared: Data<Shared>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    if let Some(reply) = auth::refusal(&shared, &request) {
        return reply;
    }
    // A result is charged to the memory budget only after it has been read.
    let permit = READS.acquire().await.ok();
    let store = shared.live.store();
    let found = async {
        match store.job(&id).await? {
            Some(job) => Ok(Some((job, store.job_result(&id).await?))),
            None => Ok::<_, walkshed_store::StoreError>(None),
        }
    };
    match found.await {
        Ok(Some((_, Some(result)))) => send_result(&shared, &request, result, permit).await,
        Ok(Some((job, None))) => HttpResponse::NotFound()
            .json(json!({ "error": "The job has no result.", "state": job.state.key(), "why": job.error })),
        Ok(None) => HttpResponse::NotFound()
            .json(json!({ "error": "No job has this id, or the job ended more than a day ago." })),
        Err(error) => {
            tracing::error!(%error, "the result of a job could not be read");
            HttpResponse::InternalServerError().json(json!({ "error": "The result could not be read." }))
        }
    }
}

async fn send_result(
    shared: &Shared,
    request: &HttpRequest,
    result: String,
    permit: Option<SemaphorePermit<'static>>,
) -> HttpResponse {
    const MEDIA: &str = "application/json; charset=utf-8";
    const CACHE_POLICY: &str = "private, max-age=3600";
    let tag = EntityTag::of(MEDIA, result.as_bytes());
    if tag.matches(request.headers()) {
        return not_modified(tag, CACHE_POLICY);
    }
    let budget = MemoryBudget::new(shared.api.response_memory().clone(), usize::MAX);
    if budget.charge(result.len()).is_err() {
        return HttpResponse::ServiceUnavailable()
            .insert_header((RETRY_AFTER, "5"))
            .json(json!({ "error": "The memory for responses is used up; try again in a few seconds." }));
    }
    drop(permit);
    let mut response = HttpResponse::Ok();
    response
        .content_type(MEDIA)
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"walkshed-job.json\""))
        .insert_header((CACHE_CONTROL, CACHE_POLICY))
        .insert_header((VARY, VARY_HEADERS))
        .insert_header((ETAG, tag.header()));
    with_body(response, result.into_bytes(), budget, ContentCoding::negotiate(request.headers())).await
}
