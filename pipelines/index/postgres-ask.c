/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statements for a PostgreSQL server, which may have stopped: who does not answer is asked whether he lives. */

#include "index/postgres.h"

#include <poll.h>
#include <sys/socket.h>

#define SILENCE_MS 40000        /* after which it is asked */
#define HURRIED_SILENCE_MS (2 * L4_HURRIED_MS)  /* longer than a lock is waited for */
#define PING_SECONDS "5"
#define LOOK_MS 500             /* between two looks at what TLS may have taken off the socket already */

/* On a connection of its own, to the one of several servers that is connected: one that is busy takes it, one that has stopped does not. */
static gboolean
is_alive (const L4Postgres *self)
{
  const char *const keywords[] = { "dbname", "host", "hostaddr", "port", "connect_timeout", NULL };
  const char *const values[] = { self->where, PQhost (self->connection), PQhostaddr (self->connection), PQport (self->connection),
    PING_SECONDS, NULL };

  return PQpingParams (keywords, values, TRUE) != PQPING_NO_RESPONSE;
}

/* A connection to who does not live is cut, as if he had done it. */
static void
doubt (L4Postgres *self)
{
  self->silent = !is_alive (self);
  if (self->silent)
    shutdown (PQsocket (self->connection), SHUT_RDWR);
}

/* Until there is an answer, or none can come any more. */
static void
await (L4Postgres *self)
{
  gint64 heard = g_get_monotonic_time ();
  int unsent;

  while ((unsent = PQflush (self->connection)) > 0 || (unsent == 0 && PQisBusy (self->connection))) {
    struct pollfd file = {.fd = PQsocket (self->connection),.events = unsent > 0 ? POLLIN | POLLOUT : POLLIN };

    gint64 limit = (self->base.hurried ? HURRIED_SILENCE_MS : SILENCE_MS) * G_TIME_SPAN_MILLISECOND;

    if (poll (&file, 1, LOOK_MS) > 0)
      heard = g_get_monotonic_time ();
    else if (g_get_monotonic_time () - heard >= limit) {
      doubt (self);
      heard = g_get_monotonic_time ();
    }
    if (!PQconsumeInput (self->connection))
      return;
  }
}

/* The last of the results. NULL: the statement could not be sent. */
static PGresult *
take_result (L4Postgres *self, gboolean sent)
{
  PGresult *last = NULL, *result;

  self->silent = FALSE;
  while (sent && (await (self), (result = PQgetResult (self->connection)) != NULL)) {
    PQclear (last);
    last = result;
  }
  return last;
}

PGresult *
l4_postgres_ask (L4Postgres *self, const char *sql)
{
  return take_result (self, PQsendQuery (self->connection, sql));
}

PGresult *
l4_postgres_ask_with (L4Postgres *self, const char *sql, const L4Parameters *parameters)
{
  return take_result (self, PQsendQueryParams (self->connection, sql, parameters->n, parameters->types, parameters->data, parameters->lengths,
          parameters->formats, 0));
}
