//! Reading the whole register at one moment.

use super::{Store, StoreError};
use crate::geo::Position;
use crate::registry::{Category, Center, DivisionCode, Facility, PopulationCell, RegisterRows};
use h3o::CellIndex;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// Imports the answers of `dataset` go back to.
const IMPORTS_SHOWN: i64 = 50;

fn corrupt(table: &'static str, id: impl ToString, why: impl ToString) -> StoreError {
    StoreError::Corrupt { table, id: id.to_string(), why: why.to_string() }
}

fn position(row: &SqliteRow, table: &'static str, id: i64) -> Result<Position, StoreError> {
    Position::new(row.try_get("lon")?, row.try_get("lat")?).map_err(|e| corrupt(table, id, e))
}

fn center(row: &SqliteRow) -> Result<Center, StoreError> {
    let id: i64 = row.try_get("id")?;
    Ok(Center {
        id,
        code: DivisionCode::new(row.try_get("code")?).map_err(|e| corrupt("center", id, e))?,
        name: row.try_get("name")?,
        name_en: row.try_get("name_en")?,
        position: position(row, "center", id)?,
        address: row.try_get("address")?,
    })
}

fn facility(row: &SqliteRow) -> Result<Facility, StoreError> {
    let id: i64 = row.try_get("id")?;
    let category: Category = row.try_get::<&str, _>("category")?.parse().map_err(|e| corrupt("facility", id, e))?;
    let center = row.try_get::<Option<&str>, _>("center_code")?.map(DivisionCode::new).transpose();
    Ok(Facility {
        id,
        external_id: row.try_get("external_id")?,
        name: row.try_get("name")?,
        name_en: row.try_get("name_en")?,
        category,
        position: position(row, "facility", id)?,
        address: row.try_get("address")?,
        center: center.map_err(|e| corrupt("facility", id, e))?,
    })
}

fn population(row: &SqliteRow) -> Result<PopulationCell, StoreError> {
    let bits: i64 = row.try_get("cell")?;
    let cell = CellIndex::try_from(bits as u64).map_err(|e| corrupt("population", bits, e))?;
    Ok(PopulationCell { cell, people: row.try_get("people")? })
}

impl Store {
    /// The version of the register.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn version(&self) -> Result<u64, StoreError> {
        let version: i64 =
            sqlx::query_scalar("SELECT version FROM register_version WHERE id = 1").fetch_one(&self.pool).await?;
        Ok(version as u64)
    }

    /// Everything, in one read transaction.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds a value that no importer lets through.
    pub async fn load(&self) -> Result<RegisterRows, StoreError> {
        let mut tx = self.pool.begin().await?;
        let version: i64 =
            sqlx::query_scalar("SELECT version FROM register_version WHERE id = 1").fetch_one(&mut *tx).await?;
        let centers = sqlx::query("SELECT id, code, name, name_en, lon, lat, address FROM center ORDER BY id");
        let facilities = sqlx::query(
            "SELECT id, external_id, name, name_en, category, lon, lat, address, center_code FROM facility ORDER BY id",
        );
        let cells = sqlx::query("SELECT cell, people FROM population WHERE demand_group = 'all' ORDER BY cell");
        let log = sqlx::query_scalar("SELECT report FROM import_log ORDER BY id DESC LIMIT ?").bind(IMPORTS_SHOWN);
        let rows = RegisterRows {
            version: version as u64,
            centers: centers.fetch_all(&mut *tx).await?.iter().map(center).collect::<Result<_, _>>()?,
            facilities: facilities.fetch_all(&mut *tx).await?.iter().map(facility).collect::<Result<_, _>>()?,
            population: cells.fetch_all(&mut *tx).await?.iter().map(population).collect::<Result<_, _>>()?,
            imports: log
                .fetch_all(&mut *tx)
                .await?
                .iter()
                .map(|text: &String| serde_json::from_str(text).map_err(|e| corrupt("import_log", "", e)))
                .collect::<Result<_, _>>()?,
        };
        tx.rollback().await?;
        Ok(rows)
    }
}
