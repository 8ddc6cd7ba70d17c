-- Whose account a stored answer is about, so that it goes with the account.

-- +goose Up
ALTER TABLE idempotency_keys ADD COLUMN account_id uuid; -- NULL: no account's, but an editor's
CREATE INDEX idempotency_keys_account ON idempotency_keys (account_id) WHERE account_id IS NOT NULL;

-- +goose Down
ALTER TABLE idempotency_keys DROP COLUMN account_id;
