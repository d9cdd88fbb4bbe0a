"""What must hold of the audit trail, the outbox and the guards (RELIABILITY.md section 1); the chain is `chain`."""

from oms.kernel.invariants import Invariant

LEDGERS = """
    SELECT c.oid, c.relname, c.relacl, c.relowner
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND t.tgname = c.relname || '_ledger'
"""

INVARIANTS = [
    Invariant(
        "I8",
        "events, their subjects and the seals are append-only, whoever asks",
        """
        SELECT l.name || g.suffix AS guard, t.tgenabled
        FROM (VALUES ('oms_event'), ('oms_eventsubject'), ('oms_seal')) AS l(name)
        CROSS JOIN (VALUES ('_ledger'), ('_ledger_truncate')) AS g(suffix)
        LEFT JOIN pg_trigger t ON t.tgname = l.name || g.suffix
        WHERE t.tgenabled IS DISTINCT FROM 'A'
        """,
    ),
    Invariant(
        "I8b",
        "every guard in the database fires always",
        """
        SELECT c.relname, t.tgname, t.tgenabled
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE NOT t.tgisinternal AND t.tgenabled <> 'A' AND NOT starts_with(t.tgname, 'pgtrigger_')
          AND c.relnamespace = current_schema()::regnamespace
        """,
    ),
    Invariant(
        "I8c",
        "no role but the owner may change a ledger",
        f"""
        SELECT l.relname, coalesce(r.rolname, 'public') AS role, a.privilege_type
        FROM ({LEDGERS}) l CROSS JOIN LATERAL aclexplode(l.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
        WHERE a.grantee <> l.relowner AND a.privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE')
        """,
    ),
    Invariant(
        "I32",
        "every ledger row names its event, itself or as a part of its document",
        f"""
        SELECT l.relname
        FROM ({LEDGERS}) l
        LEFT JOIN pg_attribute a ON a.attrelid = l.oid AND a.attname = 'event_id' AND a.attnotnull
        WHERE a.attname IS NULL AND l.relname NOT IN ('oms_event', 'oms_seal')
          AND NOT EXISTS (
              SELECT 1 FROM pg_constraint f JOIN pg_class document ON document.oid = f.confrelid
              WHERE f.conrelid = l.oid AND f.contype = 'f' AND l.relname <> document.relname
                AND starts_with(l.relname, document.relname)
          )
        """,
    ),
    Invariant(
        "I33",
        "nothing is delivered before it is sealed",
        """
        SELECT d.id, d.event_id, d.consumer
        FROM oms_event e JOIN oms_delivery d ON d.event_id = e.id
        WHERE e.xid >= coalesce((SELECT upto_xid FROM oms_seal ORDER BY seq DESC LIMIT 1), '0'::xid8)
          AND e.xid IS DISTINCT FROM pg_current_xact_id_if_assigned()
        """,
    ),
    Invariant(
        "I33b",
        "no delivery is a minute late",
        """
        SELECT id, event_id, consumer, attempts, due_at FROM oms_delivery
        WHERE status = 'new' AND due_at < now() - interval '60 seconds'
        """,
    ),
    Invariant(
        "I34",
        "every idempotency key has its answer",
        "SELECT id, principal_id, key FROM oms_idempotencykey WHERE status_code IS NULL OR response IS NULL",
        "SELECT id, principal_id, key FROM oms_idempotencykey "
        "WHERE (status_code IS NULL OR response IS NULL) AND created_at >= %(since)s",
    ),
]
