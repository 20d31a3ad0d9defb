/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is answered to whom. */

#include "live/answers.h"

#include <stdlib.h>
#include <string.h>

#include "live/gate.h"
#include "live/readers.h"
#include "page/label.h"
#include "page/template.h"

#define BIGGEST_FORM 16384      /* bytes */
#define POLICY "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; " \
    "frame-ancestors 'none'; base-uri 'none'"

struct _L4LiveAnswers
{
  L4LiveStore *store;
  L4LiveReaders *readers;
  L4LiveGate *gate;
  guint port;
  char *page, *script, *style, *start;
};

/* Texts that are made once --------------------------------------------------------------------------------------------------- */

static void
add_file (GString *text, const char *name)
{
  gsize length;
  const char *file = l4_page_file (name, &length);

  g_string_append_len (text, file, length);
}

static char *
make_page (const L4LiveStore *store)
{
  g_autoptr (GString) views = g_string_new (NULL);
  g_autofree char *tools = l4_page_part ("tools", NULL), *keys = l4_page_keys (L4_PAGE_LIVE), *labels = l4_page_labels_to_json ();
  GString *page = g_string_new (NULL);

  for (guint i = 0; i < l4_live_store_get_n_cameras (store); i++)
    l4_page_add_part (views, "view", (const L4PageValue[]) {{"name", l4_live_store_get_name (store, i)}, {NULL}});
  l4_page_add_part (page, "live-begin", NULL);
  l4_page_add_part (page, "live", (const L4PageValue[]) {{"tools", tools}, {"views", views->str}, {"keys", keys}, {"labels", labels}, {NULL}});
  return g_string_free (page, FALSE);
}

static char *
make_script (void)
{
  GString *script = g_string_new ("(() => {\n'use strict';\n");

  add_file (script, "common.js");
  add_file (script, "live.js");
  return g_string_free (g_string_append (script, "})();\n"), FALSE);
}

static char *
make_style (void)
{
  GString *style = g_string_new (NULL);

  add_file (style, "style.css");
  add_file (style, "live.css");
  return g_string_free (style, FALSE);
}

static char *
make_login (gboolean wrong)
{
  g_autofree char *complaint = wrong ? l4_page_part ("wrong", NULL) : g_strdup ("");
  GString *page = g_string_new (NULL);

  l4_page_add_part (page, "live-begin", NULL);
  l4_page_add_part (page, "login", (const L4PageValue[]) {{"wrong", complaint}, {NULL}});
  return g_string_free (page, FALSE);
}

/* Answers ----------------------------------------------------------------------------------------------------------------------- */

static void
set_headers (SoupServerMessage *message)
{
  static const char *const headers[][2] = {
    {"Content-Security-Policy", POLICY},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (headers); i++)
    soup_message_headers_replace (soup_server_message_get_response_headers (message), headers[i][0], headers[i][1]);
}

/* All of it is sent: of a range that goes beyond the end libsoup sends nothing. */
static void
forget_range (SoupServerMessage *message)
{
  soup_message_headers_remove (soup_server_message_get_request_headers (message), "Range");
}

static void
answer_text (SoupServerMessage *message, guint status, const char *type, const char *text)
{
  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, type, SOUP_MEMORY_COPY, text, strlen (text));
}

static void
answer_status (SoupServerMessage *message, guint status)
{
  answer_text (message, status, "text/plain; charset=utf-8", soup_status_get_phrase (status));
}

/* Takes the picture; NULL: there is none. */
static void
answer_picture (SoupServerMessage *message, GBytes *picture)
{
  if (picture == NULL) {
    answer_status (message, SOUP_STATUS_NOT_FOUND);
    return;
  }
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_message_headers_set_content_type (soup_server_message_get_response_headers (message), "image/jpeg", NULL);
  soup_message_body_append_bytes (soup_server_message_get_response_body (message), picture);
  g_bytes_unref (picture);
}

static void
answer_events (L4LiveAnswers *self, SoupServerMessage *message)
{
  g_autofree char *state = NULL, *news = NULL;

  soup_message_headers_replace (soup_server_message_get_response_headers (message), "X-Accel-Buffering", "no");       /* nor by a proxy */
  if (soup_server_message_get_method (message) == SOUP_METHOD_HEAD) {
    answer_text (message, SOUP_STATUS_OK, "text/event-stream", "");
    return;
  }
  l4_live_store_tell_pictures (self->store);
  news = l4_live_store_take_news (self->store, &state);
  if (news != NULL)
    l4_live_readers_send (self->readers, news);
  if (l4_live_readers_add (self->readers, message, state))
    return;
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Retry-After", "30");
  answer_status (message, SOUP_STATUS_SERVICE_UNAVAILABLE);
}

static void
answer_stranger (SoupServerMessage *message, const char *path, gboolean wrong)
{
  g_autofree char *page = make_login (wrong);

  soup_message_headers_replace (soup_server_message_get_response_headers (message), "WWW-Authenticate", "Bearer");
  if (strcmp (path, "/") == 0 || wrong)
    answer_text (message, SOUP_STATUS_UNAUTHORIZED, "text/html; charset=utf-8", page);
  else
    answer_status (message, SOUP_STATUS_UNAUTHORIZED);
}

/* (transfer full) */
static char *
take_text (SoupMessageBody *body)
{
  g_autoptr (GBytes) bytes = soup_message_body_flatten (body);

  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

/* The form with the token. */
static void
answer_login (L4LiveAnswers *self, SoupServerMessage *message)
{
  SoupMessageBody *body = soup_server_message_get_request_body (message);
  g_autofree char *text = soup_message_body_get_accumulate (body) ? take_text (body) : g_strdup ("");
  g_autoptr (GHashTable) form = soup_form_decode (text);
  const char *token = g_hash_table_lookup (form, "token");
  g_autofree char *cookie = NULL;

  if (token == NULL || !l4_live_gate_check (self->gate, token)) {
    answer_stranger (message, "/login", TRUE);
    return;
  }
  cookie = l4_live_gate_make_cookie (self->gate, self->port);
  soup_message_headers_append (soup_server_message_get_response_headers (message), "Set-Cookie", cookie);
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Location", "./");
  answer_text (message, SOUP_STATUS_SEE_OTHER, "text/plain", "");
}

/* What everybody may have, as the form needs it. FALSE: it is none of that. */
static gboolean
answer_shared (L4LiveAnswers *self, SoupServerMessage *message, const char *path)
{
  if (strcmp (path, "/style.css") == 0)
    answer_text (message, SOUP_STATUS_OK, "text/css; charset=utf-8", self->style);
  else if (strcmp (path, "/start.js") == 0)
    answer_text (message, SOUP_STATUS_OK, "text/javascript; charset=utf-8", self->start);
  else if (strcmp (path, "/script.js") == 0)
    answer_text (message, SOUP_STATUS_OK, "text/javascript; charset=utf-8", self->script);
  else if (strcmp (path, "/favicon.ico") == 0)
    soup_server_message_set_status (message, SOUP_STATUS_NO_CONTENT, NULL);
  else
    return FALSE;
  return TRUE;
}

/* The number behind a folder's name; FALSE: it is none. */
static gboolean
parse_number (const char *path, const char *folder, guint64 *number)
{
  return g_str_has_prefix (path, folder) && g_ascii_string_to_unsigned (path + strlen (folder), 10, 0, G_MAXUINT32, number, NULL);
}

static void
answer_welcome (L4LiveAnswers *self, SoupServerMessage *message, const char *path)
{
  guint64 number;

  if (strcmp (path, "/") == 0)
    answer_text (message, SOUP_STATUS_OK, "text/html; charset=utf-8", self->page);
  else if (strcmp (path, "/events") == 0)
    answer_events (self, message);
  else if (parse_number (path, "/picture/", &number))
    answer_picture (message, l4_live_store_get_picture (self->store, number));
  else if (parse_number (path, "/alert/", &number))
    answer_picture (message, l4_live_store_get_alert_picture (self->store, number));
  else
    answer_status (message, SOUP_STATUS_NOT_FOUND);
}

static void
answer (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  L4LiveAnswers *self = data;
  const char *method = soup_server_message_get_method (message);
  L4LiveVisitor visitor = l4_live_gate_look (self->gate, message, self->port);

  set_headers (message);
  forget_range (message);
  if (visitor == L4_LIVE_MISLED)
    answer_status (message, SOUP_STATUS_FORBIDDEN);
  else if (method == SOUP_METHOD_POST && strcmp (path, "/login") == 0)
    answer_login (self, message);
  else if (method != SOUP_METHOD_GET && method != SOUP_METHOD_HEAD)
    answer_status (message, SOUP_STATUS_METHOD_NOT_ALLOWED);
  else if (!answer_shared (self, message, path)) {
    if (visitor == L4_LIVE_STRANGER)
      answer_stranger (message, path, FALSE);
    else
      answer_welcome (self, message, path);
  }
}

/* Before a body is read: nobody fills the memory with one. */
static void
look_at_headers (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);

  if (soup_message_headers_get_encoding (headers) != SOUP_ENCODING_CONTENT_LENGTH || strcmp (path, "/login") != 0
      || soup_message_headers_get_content_length (headers) > BIGGEST_FORM)
    soup_message_body_set_accumulate (soup_server_message_get_request_body (message), FALSE);
}

L4LiveAnswers *
l4_live_answers_new (SoupServer *server, const char *token, const char *const *cameras)
{
  L4LiveAnswers *self = g_new0 (L4LiveAnswers, 1);

  self->store = l4_live_store_new (cameras);
  self->readers = l4_live_readers_new ();
  self->gate = l4_live_gate_new (token);
  self->page = make_page (self->store);
  self->script = make_script ();
  self->style = make_style ();
  self->start = l4_page_part ("start", NULL);
  soup_server_add_early_handler (server, NULL, look_at_headers, self, NULL);
  soup_server_add_handler (server, NULL, answer, self, NULL);
  return self;
}

void
l4_live_answers_free (L4LiveAnswers *self)
{
  l4_live_readers_free (self->readers);
  l4_live_store_free (self->store);
  l4_live_gate_free (self->gate);
  g_free (self->page);
  g_free (self->script);
  g_free (self->style);
  g_free (self->start);
  g_free (self);
}

void
l4_live_answers_set_port (L4LiveAnswers *self, guint port)
{
  self->port = port;
}

L4LiveStore *
l4_live_answers_get_store (L4LiveAnswers *self)
{
  return self->store;
}

guint
l4_live_answers_count_readers (L4LiveAnswers *self)
{
  return l4_live_readers_count (self->readers);
}

void
l4_live_answers_tell (L4LiveAnswers *self)
{
  g_autofree char *news = l4_live_store_take_news (self->store, NULL);

  if (news != NULL)
    l4_live_readers_send (self->readers, news);
}

void
l4_live_answers_show_life (L4LiveAnswers *self)
{
  l4_live_readers_send (self->readers, "event: life\ndata: {}\n\n");
}
