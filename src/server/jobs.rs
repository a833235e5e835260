//! Answers of jobs, to be taken away as files.

use super::{Shared, auth};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

/// `GET /jobs/ID`: the answer of a job, as it would have been answered at once.
pub async fn result(shared: Data<Shared>, request: HttpRequest, id: Path<String>) -> HttpResponse {
    if let Err(error) = auth::caller(&shared, &request) {
        return HttpResponse::Unauthorized().json(json!({ "error": error.message }));
    }
    let store = shared.live.store();
    let found = async {
        match store.job(&id).await? {
            Some(job) => Ok(Some((job, store.job_result(&id).await?))),
            None => Ok::<_, crate::store::StoreError>(None),
        }
    };
    match found.await {
        Ok(Some((_, Some(result)))) => HttpResponse::Ok()
            .content_type("application/json; charset=utf-8")
            .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"walkshed-job.json\""))
            .insert_header((CACHE_CONTROL, "private, max-age=3600"))
            .body(result),
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
