/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Web servers are told, with servers that take, refuse, dawdle and send elsewhere. */

#include "tell/webhook.h"

#include <libsoup/soup.h>

#include "support/folder.h"
#include "support.h"

/* The server ------------------------------------------------------------------------------------------------------------------- */

/* In a thread of its own. What it does depends on the path, see answer(). */
typedef struct
{
  GMutex lock;
  GPtrArray *got;               /* "PATH BODY", in order */
  char *authorization, *type, *agent;   /* of the last request; NULL: none */
  guint fails;                  /* how many of the next requests to /fails are answered with 503 */
  char *place;                  /* where /moved sends */
  GPtrArray *held;              /* messages to /slow, which are never answered */
  SoupServer *server;
  GMainLoop *loop;
  GThread *thread;
  guint port;
} Server;

static void
answer_by_path (Server *self, SoupServerMessage *message, const char *path)
{
  guint status = 204;

  if (g_str_has_prefix (path, "/status/"))
    status = atoi (path + strlen ("/status/"));
  if (strcmp (path, "/fails") == 0 && self->fails > 0) {
    self->fails--;
    status = 503;
  }
  if (strcmp (path, "/later") == 0 && self->fails > 0) {
    self->fails--;
    status = 429;
    soup_message_headers_append (soup_server_message_get_response_headers (message), "Retry-After", "1");
  }
  if (strcmp (path, "/moved") == 0) {
    soup_server_message_set_redirect (message, 307, self->place);
    return;
  }
  if (strcmp (path, "/slow") == 0) {
    soup_server_message_pause (message);
    g_ptr_array_add (self->held, g_object_ref (message));
  }
  soup_server_message_set_status (message, status, NULL);
}

static void
answer (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  Server *self = data;
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  SoupMessageBody *body = soup_server_message_get_request_body (message);

  g_mutex_lock (&self->lock);
  g_assert_cmpstr (soup_server_message_get_method (message), ==, "POST");
  g_ptr_array_add (self->got, g_strdup_printf ("%s %.*s", path, (int) body->length, body->data));
  g_free (self->authorization);
  g_free (self->type);
  g_free (self->agent);
  self->authorization = g_strdup (soup_message_headers_get_one (headers, "Authorization"));
  self->type = g_strdup (soup_message_headers_get_one (headers, "Content-Type"));
  self->agent = g_strdup (soup_message_headers_get_one (headers, "User-Agent"));
  answer_by_path (self, message, path);
  g_mutex_unlock (&self->lock);
}

static gpointer
serve (gpointer data)
{
  Server *self = data;

  g_main_context_push_thread_default (g_main_loop_get_context (self->loop));
  g_main_loop_run (self->loop);
  g_main_context_pop_thread_default (g_main_loop_get_context (self->loop));
  return NULL;
}

/* port 0: any. folder: with the certificate for TLS; NULL: none. */
static void
server_init (Server *self, guint port, const char *folder)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GTlsCertificate) certificate = NULL;
  g_autoslist (GUri) uris = NULL;

  *self = (Server) { .loop = g_main_loop_new (context, FALSE) };
  g_mutex_init (&self->lock);
  self->got = g_ptr_array_new_with_free_func (g_free);
  self->held = g_ptr_array_new_with_free_func (g_object_unref);
  if (folder != NULL) {
    g_autofree char *file = g_build_filename (folder, "server.pem", NULL), *key = g_build_filename (folder, "server.key", NULL);

    certificate = g_tls_certificate_new_from_files (file, key, &error);
    g_assert_no_error (error);
  }
  g_main_context_push_thread_default (context);
  self->server = soup_server_new ("tls-certificate", certificate, NULL);
  soup_server_add_handler (self->server, NULL, answer, self, NULL);
  soup_server_listen_local (self->server, port, (folder != NULL ? SOUP_SERVER_LISTEN_HTTPS : 0) | SOUP_SERVER_LISTEN_IPV4_ONLY, &error);
  g_assert_no_error (error);
  g_main_context_pop_thread_default (context);
  uris = soup_server_get_uris (self->server);
  self->port = g_uri_get_port (uris->data);
  self->thread = g_thread_new ("server", serve, self);
}

static void
server_clear (Server *self)
{
  g_main_loop_quit (self->loop);
  g_thread_join (self->thread);
  soup_server_disconnect (self->server);
  g_object_unref (self->server);
  g_ptr_array_unref (self->held);
  g_ptr_array_unref (self->got);
  g_main_loop_unref (self->loop);
  g_free (self->authorization);
  g_free (self->type);
  g_free (self->agent);
  g_free (self->place);
  g_mutex_clear (&self->lock);
}

static L4Tell *
webhook_new (const L4WebhookSettings *settings)
{
  g_autoptr (GError) error = NULL;
  L4Tell *tell = l4_webhook_new (settings, &error);

  g_assert_no_error (error);
  return tell;
}

/* With an address of the server; trying again takes no time. */
static L4Tell *
webhook_for (Server *server, const char *path, Said *said, guint tries)
{
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u%s", server->port, path);

  return webhook_new (&(L4WebhookSettings) { .url = url, .retry_ms = 1, .tries = tries, .report = said_add, .report_data = said });
}

/* Tests -------------------------------------------------------------------------------------------------------------------------- */

static void
test_record (void)
{
  static const char record[] = "{\"text\":\"<b>\\\"é\\\"</b>\",\"more\":[1,2]}";
  Server server;
  Said said;
  L4Tell *tell;

  said_init (&said);
  server_init (&server, 0, NULL);
  tell = webhook_for (&server, "/hook?key=secret", &said, 0);
  l4_tell_alert (tell, &(L4Alert) { "Yard", "car", TRUE, 0, 1, 2, record, "x", NULL });
  g_assert_true (l4_tell_finish (tell, PATIENCE / 1000));
  l4_tell_said (tell, &(L4Said) { "Yard", 0, 0, "Nobody is told.", FALSE, NULL, NULL });
  l4_tell_presence (tell, "Yard", TRUE);
  g_assert_cmpuint (server.got->len, ==, 1);
  g_assert_true (g_str_has_prefix (server.got->pdata[0], "/hook "));
  g_assert_cmpstr ((char *) server.got->pdata[0] + strlen ("/hook "), ==, record);
  g_assert_cmpstr (server.type, ==, "application/json");
  g_assert_cmpstr (server.authorization, ==, NULL);
  g_assert_true (g_str_has_prefix (server.agent, "llama4describe/"));
  g_assert_cmpuint (counters_of (tell).told, ==, 1);
  g_assert_cmpuint (said.lines->len, ==, 0);
  l4_tell_free (tell);
  server_clear (&server);
  said_clear (&said);
}

static void
test_token (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *file = folder_write (folder, "token", "abc.DEF-123==\r\nnot this", -1), *url = NULL;
  g_autofree char *bad = folder_write (folder, "bad", "a b", -1), *empty = folder_write (folder, "empty", "\nx", -1);
  g_autofree char *missing = g_build_filename (folder, "missing", NULL);
  const char *const wrong[] = {bad, empty, missing};
  Server server, other;
  Said said;
  L4Tell *tell;

  said_init (&said);
  server_init (&server, 0, NULL);
  server_init (&other, 0, NULL);
  url = g_strdup_printf ("http://127.0.0.1:%u/moved", server.port);
  server.place = g_strdup_printf ("http://127.0.0.1:%u/there", other.port);
  tell = webhook_new (&(L4WebhookSettings) { .url = url, .token_file = file, .report = said_add, .report_data = &said });
  tell_number (tell, "car", TRUE, 1);
  g_assert_true (l4_tell_finish (tell, PATIENCE / 1000));
  g_assert_cmpstr (server.authorization, ==, "Bearer abc.DEF-123==");
  g_assert_cmpstr (other.authorization, ==, NULL);      /* it was sent there, but not given the token */
  g_assert_cmpstr (other.got->pdata[0], ==, "/there {\"number\":1}");
  l4_tell_free (tell);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (l4_webhook_new (&(L4WebhookSettings) { .url = url, .token_file = wrong[i] }, &error));
    assert_says (error, wrong[i]);
  }
  server_clear (&server);
  server_clear (&other);
  said_clear (&said);
}

static void
test_errors_pass (void)
{
  Server server;
  Said said;
  L4Tell *tell;

  said_init (&said);
  server_init (&server, 0, NULL);
  server.fails = 3;
  tell = webhook_for (&server, "/fails", &said, 0);
  tell_number (tell, "car", TRUE, 1);
  tell_number (tell, "car", FALSE, 2);
  g_assert_true (l4_tell_finish (tell, PATIENCE / 1000));
  g_assert_cmpuint (server.got->len, ==, 5);
  for (guint i = 0; i < 4; i++)
    g_assert_cmpstr (server.got->pdata[i], ==, "/fails {\"number\":1}");
  g_assert_cmpstr (server.got->pdata[4], ==, "/fails {\"number\":2}");
  g_assert_cmpuint (said_count (&said, "it answers with status 503"), ==, 1);
  wait_for (said_count (&said, "takes alerts again") == 1);
  g_assert_cmpuint (said.lines->len, ==, 2);
  l4_tell_free (tell);

  server.fails = 1;
  tell = webhook_for (&server, "/later", &said, 0);
  tell_number (tell, "car", TRUE, 3);
  {
    gint64 begin = g_get_monotonic_time ();

    g_assert_true (l4_tell_finish (tell, PATIENCE / 1000));
    g_assert_cmpint (g_get_monotonic_time () - begin, >=, 900 * G_TIME_SPAN_MILLISECOND);       /* it asked for a second */
  }
  g_assert_cmpuint (counters_of (tell).told, ==, 1);
  l4_tell_free (tell);
  server_clear (&server);
  said_clear (&said);
}

static void
test_refusals (void)
{
  static const struct
  {
    const char *path;
    guint requests;             /* with three tries */
  } cases[] = {{"/status/400", 1}, {"/status/401", 1}, {"/status/404", 1}, {"/status/410", 1}, {"/status/304", 1}, {"/status/408", 3}, {"/status/429", 3},
    {"/status/500", 3}, {"/status/599", 3}};

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *word = g_strdup_printf ("an alert was given up: it answers with status %s", strrchr (cases[i].path, '/') + 1);
    Server server;
    Said said;
    L4Tell *tell;

    said_init (&said);
    server_init (&server, 0, NULL);
    tell = webhook_for (&server, cases[i].path, &said, 3);
    tell_number (tell, "car", TRUE, 1);
    g_assert_true (l4_tell_finish (tell, PATIENCE / 1000));
    wait_for (said_count (&said, word) == 1);
    g_assert_cmpuint (server.got->len, ==, cases[i].requests);
    g_assert_cmpuint (counters_of (tell).refused, ==, 1);
    l4_tell_free (tell);
    server_clear (&server);
    said_clear (&said);
  }
}

static void
test_redirections (void)
{
  static const char *const places[] = {"file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "https://127.0.0.1:1/x", "/moved"};

  for (guint i = 0; i < G_N_ELEMENTS (places); i++) {
    Server server;
    Said said;
    L4Tell *tell;

    said_init (&said);
    server_init (&server, 0, NULL);
    server.place = g_strdup (places[i]);
    tell = webhook_for (&server, "/moved", &said, 2);
    tell_number (tell, "car", TRUE, 1);
    g_assert_true (l4_tell_finish (tell, PATIENCE / 1000));
    g_assert_cmpuint (counters_of (tell).refused, ==, 1);
    wait_for (said_count (&said, "an alert was given up") == 1);
    g_assert_cmpuint (server.got->len, <=, 4);
    l4_tell_free (tell);
    server_clear (&server);
    said_clear (&said);
  }
}

static void
test_slow_server (void)
{
  g_autofree char *url = NULL;
  Server server;
  Said said;
  L4Tell *tell;
  gint64 begin;

  said_init (&said);
  server_init (&server, 0, NULL);
  url = g_strdup_printf ("http://127.0.0.1:%u/slow", server.port);
  tell = webhook_new (&(L4WebhookSettings) { .url = url, .timeout_ms = 50, .tries = 3, .retry_ms = 1, .report = said_add, .report_data = &said });
  tell_number (tell, "car", TRUE, 0);
  g_assert_true (l4_tell_finish (tell, PATIENCE / 1000));
  g_assert_cmpuint (counters_of (tell).refused, ==, 1);
  wait_for (said_count (&said, "an alert was given up: Timeout was reached") == 1);
  g_assert_cmpuint (said.lines->len, ==, 2);    /* that it does not answer, and that it was given up */
  l4_tell_free (tell);

  /* The one that is under way is not dropped, and who ends it does not wait for an answer. */
  tell = webhook_new (&(L4WebhookSettings) { .url = url, .timeout_ms = 1000000, .bounds.most = 5, .report = said_add, .report_data = &said });
  tell_number (tell, "car", TRUE, 100);
  wait_for (has_text (&server.lock, server.got, "/slow {\"number\":100}"));
  for (guint i = 1; i < 20; i++)
    tell_number (tell, "car", TRUE, i);
  g_assert_cmpuint (counters_of (tell).waiting, ==, 5);
  g_assert_cmpuint (counters_of (tell).dropped, ==, 15);
  begin = g_get_monotonic_time ();
  l4_tell_free (tell);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, PATIENCE);
  server_clear (&server);
  said_clear (&said);
}

static void
test_nobody_listens (void)
{
  guint port = free_port ();
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/", port);
  Server server;
  Said said;
  L4Tell *tell;

  said_init (&said);
  tell = webhook_new (&(L4WebhookSettings) { .url = url, .tries = G_MAXUINT, .retry_ms = 1, .report = said_add, .report_data = &said });
  for (guint i = 0; i < 10; i++)
    tell_number (tell, "car", TRUE, i);
  wait_for (said_count (&said, "! webhook http://127.0.0.1:") > 0);
  g_assert_cmpuint (counters_of (tell).waiting, ==, 10);
  server_init (&server, port, NULL);
  g_assert_true (l4_tell_finish (tell, PATIENCE / 1000));
  g_assert_cmpuint (counters_of (tell).told, ==, 10);
  g_assert_cmpuint (server.got->len, ==, 10);
  g_assert_cmpstr (server.got->pdata[9], ==, "/ {\"number\":9}");
  l4_tell_free (tell);
  server_clear (&server);
  said_clear (&said);
}

static gpointer
tell_many (gpointer tell)
{
  for (guint i = 0; i < 200; i++)
    tell_number (tell, "car", i % 2, i);
  return NULL;
}

static void
test_many_at_once (void)
{
  GThread *threads[4];
  Server server;
  Said said;
  L4Tell *tell;

  said_init (&said);
  server_init (&server, 0, NULL);
  tell = webhook_for (&server, "/", &said, 0);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("teller", tell_many, tell);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_true (l4_tell_finish (tell, PATIENCE / 1000));
  g_assert_cmpuint (counters_of (tell).told, ==, 800);
  g_assert_cmpuint (server.got->len, ==, 800);
  g_assert_cmpuint (said.lines->len, ==, 0);
  l4_tell_free (tell);
  server_clear (&server);
  said_clear (&said);
}

static void
test_tls (void)
{
  g_autoptr (Folder) folder = folder_new ();
  g_autofree char *ca = g_build_filename (folder, "ca.pem", NULL), *stranger = g_build_filename (folder, "stranger.pem", NULL), *url = NULL;
  Server server;
  Said said;
  L4Tell *tell;

  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ())) {
    g_test_skip ("GLib has no TLS here, which the server of this test needs");
    return;
  }
  said_init (&said);
  make_certificates (folder);
  server_init (&server, 0, folder);
  url = g_strdup_printf ("https://localhost:%u/", server.port);
  tell = webhook_new (&(L4WebhookSettings) { .url = url, .ca_file = ca, .report = said_add, .report_data = &said });
  tell_number (tell, "car", TRUE, 1);
  g_assert_true (l4_tell_finish (tell, PATIENCE / 1000));
  g_assert_cmpuint (counters_of (tell).told, ==, 1);
  l4_tell_free (tell);
  tell = webhook_new (&(L4WebhookSettings) { .url = url, .ca_file = stranger, .tries = 1, .report = said_add, .report_data = &said });
  tell_number (tell, "car", TRUE, 2);
  g_assert_true (l4_tell_finish (tell, PATIENCE / 1000));
  g_assert_cmpuint (counters_of (tell).refused, ==, 1);
  wait_for (said_count (&said, "! webhook https://localhost:") == 1);
  l4_tell_free (tell);
  g_assert_cmpuint (server.got->len, ==, 1);
  server_clear (&server);
  said_clear (&said);
}

static void
test_settings_that_cannot_work (void)
{
  static const L4WebhookSettings cases[] = {{ .url = NULL }, { .url = "" }, { .url = "ftp://h/" }, { .url = "file:///etc/passwd" }, { .url = "http://" },
    { .url = "hook" }, { .url = "http://h", .ca_file = "/nowhere/ca.pem" }};

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (l4_webhook_new (&cases[i], &error));
    assert_says (error, cases[i].ca_file != NULL ? "/nowhere/ca.pem" : "http");
  }
}

int
main (int argc, char **argv)
{
  static const char *const proxies[] = {"http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"};

  for (guint i = 0; i < G_N_ELEMENTS (proxies); i++)
    g_unsetenv (proxies[i]);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/webhook/the-record-arrives-as-it-is", test_record);
  g_test_add_func ("/webhook/the-token-goes-to-its-server-alone", test_token);
  g_test_add_func ("/webhook/errors-that-pass-are-waited-for", test_errors_pass);
  g_test_add_func ("/webhook/what-is-refused-is-given-up", test_refusals);
  g_test_add_func ("/webhook/redirections-lead-to-no-other-scheme-and-end", test_redirections);
  g_test_add_func ("/webhook/a-slow-server-holds-up-nobody", test_slow_server);
  g_test_add_func ("/webhook/alerts-wait-for-a-server-that-is-away", test_nobody_listens);
  g_test_add_func ("/webhook/many-at-once-arrive-each-once", test_many_at_once);
  g_test_add_func ("/webhook/a-server-shows-who-it-is-with-tls", test_tls);
  g_test_add_func ("/webhook/settings-that-cannot-work-are-told", test_settings_that_cannot_work);
  return g_test_run ();
}
