/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Statements for a PostgreSQL server, which may have stopped: who does not answer is asked whether he lives. */

#include "index/postgres.h"

#include <poll.h>
#include <sys/socket.h>

#define SILENCE_MS 40000        /* after which it is asked */
#define HURRIED_SILENCE_MS (2 * L4_HURRIED_MS)  /* longer than a lock is waited for */
#define PING_SECONDS "5"

/* On a connection of its own: a server that is busy takes it, one that has stopped does not. */
static gboolean
is_alive (const L4Postgres *self)
{
  const char *const keywords[] = { "dbname", "connect_timeout", NULL };
  const char *const values[] = { self->where, PING_SECONDS, NULL };

  return PQpingParams (keywords, values, TRUE) != PQPING_NO_RESPONSE;
}

/* Until there is an answer, or none can come any more. A connection to who does not live is cut, as if he had done it. */
static void
await (L4Postgres *self)
{
  int unsent;

  while ((unsent = PQflush (self->connection)) > 0 || (unsent == 0 && PQisBusy (self->connection))) {
    struct pollfd file = {.fd = PQsocket (self->connection),.events = unsent > 0 ? POLLIN | POLLOUT : POLLIN };

    if (poll (&file, 1, self->base.hurried ? HURRIED_SILENCE_MS : SILENCE_MS) == 0 && !is_alive (self)) {
      self->silent = TRUE;
      shutdown (file.fd, SHUT_RDWR);
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
