/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells a web server, by libcurl. One thread sends, one alert at a time, so that they arrive in order. */

#include "tell/webhook.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include <curl/curl.h>

#include "base/error.h"
#include "config.h"
#include "tell/queue.h"

#define MOST_REDIRECTIONS 3
#define LONGEST_RETRY_AFTER 300 /* seconds */
#define LONGEST_TOKEN 8192      /* bytes */

typedef struct
{
  L4Tell base;
  L4TellQueue queue;
  L4TellVoice voice, fullness;
  CURLM *multi;                 /* the thread's, but curl_multi_wakeup() is for all */
  CURL *easy;
  struct curl_slist *headers;
  char *who;
  guint tries, retry_ms;
  GThread *thread;
} Webhook;

/* What came of one try. */
typedef enum
{
  TOLD,
  REFUSED,
  AGAIN,
  ENDED                         /* the program goes */
} Outcome;

static gboolean
is_ended (Webhook *self)
{
  gboolean ended;

  g_mutex_lock (&self->queue.lock);
  ended = self->queue.ended;
  g_mutex_unlock (&self->queue.lock);
  return ended;
}

/* The oldest alert, which is kept from being dropped from now on; NULL: the program goes. */
static L4TellItem *
wait_for_item (Webhook *self)
{
  L4TellItem *item = NULL;

  g_mutex_lock (&self->queue.lock);
  while (!self->queue.ended && self->queue.items.length == 0)
    g_cond_wait (&self->queue.changed, &self->queue.lock);
  if (!self->queue.ended) {
    item = self->queue.items.head->data;
    item->parts = 1;
  }
  g_mutex_unlock (&self->queue.lock);
  return item;
}

/* FALSE: the program goes. */
static gboolean
transfer (Webhook *self, CURLcode *result)
{
  gboolean done = FALSE;
  CURLMsg *message;
  int running = 1, left;

  curl_multi_add_handle (self->multi, self->easy);
  while (running > 0 && !is_ended (self)) {
    if (curl_multi_perform (self->multi, &running) != CURLM_OK)
      break;
    if (running > 0)
      curl_multi_poll (self->multi, NULL, 0, 1000, NULL);
  }
  while ((message = curl_multi_info_read (self->multi, &left)) != NULL)
    if (message->msg == CURLMSG_DONE) {
      *result = message->data.result;
      done = TRUE;
    }
  curl_multi_remove_handle (self->multi, self->easy);
  if (!done)
    *result = CURLE_FAILED_INIT;
  return done || !is_ended (self);
}

/* A connection that was kept open, and that the server has closed meanwhile: no fault of anybody. */
static gboolean
was_closed_meanwhile (Webhook *self, CURLcode result)
{
  long connections = 1;

  curl_easy_getinfo (self->easy, CURLINFO_NUM_CONNECTS, &connections);
  return connections == 0 && (result == CURLE_SEND_ERROR || result == CURLE_RECV_ERROR || result == CURLE_GOT_NOTHING);
}

static gboolean
may_be_tried_again (long status)
{
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

/* reason: what was wrong. (transfer full) */
static Outcome
send_item (Webhook *self, const L4TellItem *item, char **reason)
{
  char detail[CURL_ERROR_SIZE] = "";
  CURLcode result;
  long status = 0;

  curl_easy_setopt (self->easy, CURLOPT_POSTFIELDS, item->record);
  curl_easy_setopt (self->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) item->length);
  curl_easy_setopt (self->easy, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt (self->easy, CURLOPT_FRESH_CONNECT, 0L);
  if (!transfer (self, &result))
    return ENDED;
  if (was_closed_meanwhile (self, result)) {
    curl_easy_setopt (self->easy, CURLOPT_FRESH_CONNECT, 1L);
    *detail = '\0';
    if (!transfer (self, &result))
      return ENDED;
  }
  curl_easy_setopt (self->easy, CURLOPT_ERRORBUFFER, NULL);
  curl_easy_getinfo (self->easy, CURLINFO_RESPONSE_CODE, &status);
  if (result == CURLE_OK && status >= 200 && status < 300)
    return TOLD;
  if (result == CURLE_OK) {
    *reason = g_strdup_printf (_("it answers with status %ld"), status);
    return may_be_tried_again (status) ? AGAIN : REFUSED;
  }
  if (result == CURLE_OPERATION_TIMEDOUT || result == CURLE_COULDNT_CONNECT)   /* whose details have times, and so are always news */
    *detail = '\0';
  *reason = g_strdup (*detail != '\0' ? detail : curl_easy_strerror (result));
  return result == CURLE_TOO_MANY_REDIRECTS || result == CURLE_UNSUPPORTED_PROTOCOL ? REFUSED : AGAIN;
}

static void
say_full (Webhook *self)
{
  l4_tell_say_dropped (&self->fullness, &self->queue, self->who);
}

/* Waits until it is time to try again, or the program goes. */
static void
wait_for_retry (Webhook *self, guint failures)
{
  gint64 ms = l4_tell_wait_ms (self->retry_ms, failures), end;
  curl_off_t seconds = 0;
  gboolean on = TRUE;

  if (curl_easy_getinfo (self->easy, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0)
    ms = MIN (seconds, LONGEST_RETRY_AFTER) * 1000;
  end = g_get_monotonic_time () + ms * G_TIME_SPAN_MILLISECOND;
  while (on && !is_ended (self)) {
    say_full (self);
    g_mutex_lock (&self->queue.lock);
    on = self->queue.ended || g_cond_wait_until (&self->queue.changed, &self->queue.lock, end);
    g_mutex_unlock (&self->queue.lock);
  }
}

/* What becomes of the oldest alert; tries: how many it had, 0: it left. */
static guint
settle (Webhook *self, L4TellItem *item, Outcome outcome)
{
  guint tries = 0;

  g_mutex_lock (&self->queue.lock);
  item->parts = 0;
  item->tries++;
  if (outcome == TOLD || outcome == REFUSED || item->tries >= self->tries)
    l4_tell_queue_remove (&self->queue, g_queue_find (&self->queue.items, item), outcome == TOLD);
  else
    tries = item->tries;
  g_mutex_unlock (&self->queue.lock);
  return tries;
}

static gpointer
run (gpointer data)
{
  Webhook *self = data;
  guint failures = 0;           /* in turn, of any alert */
  L4TellItem *item;
  sigset_t signals;

  sigemptyset (&signals);
  sigaddset (&signals, SIGPIPE);
  pthread_sigmask (SIG_BLOCK, &signals, NULL);
  while ((item = wait_for_item (self)) != NULL) {
    g_autofree char *reason = NULL;
    Outcome outcome = send_item (self, item, &reason);
    gboolean waits = settle (self, item, outcome) > 0;

    if (outcome == TOLD)
      l4_tell_say (&self->voice, FALSE, _("%s: takes alerts again"), self->who);
    else if (outcome == REFUSED || (outcome == AGAIN && !waits))
      l4_tell_say (&self->voice, TRUE, _("%s: an alert was given up: %s"), self->who, reason);
    else if (outcome == AGAIN)
      l4_tell_say (&self->voice, TRUE, "%s: %s", self->who, reason);
    failures = outcome == AGAIN ? failures + 1 : 0;
    say_full (self);
    if (outcome == AGAIN)
      wait_for_retry (self, failures);
  }
  return NULL;
}

/* What others call ----------------------------------------------------------------------------------------------------------- */

static void
webhook_alert (L4Tell *tell, const L4Alert *alert)
{
  l4_tell_queue_add (&((Webhook *) tell)->queue, alert, NULL);
}

static void
webhook_get_counters (L4Tell *tell, L4TellCounters *counters)
{
  l4_tell_queue_get_counters (&((Webhook *) tell)->queue, counters);
}

static gboolean
webhook_finish (L4Tell *tell, guint ms)
{
  return l4_tell_queue_wait_empty (&((Webhook *) tell)->queue, ms);
}

static void
webhook_free (L4Tell *tell)
{
  Webhook *self = (Webhook *) tell;

  if (self->thread != NULL) {
    l4_tell_hush (&self->voice);
    l4_tell_hush (&self->fullness);
    l4_tell_queue_end (&self->queue);
    curl_multi_wakeup (self->multi);
    g_thread_join (self->thread);
  }
  curl_easy_cleanup (self->easy);
  curl_multi_cleanup (self->multi);
  curl_slist_free_all (self->headers);
  l4_tell_queue_clear (&self->queue);
  l4_tell_voice_clear (&self->voice);
  l4_tell_voice_clear (&self->fullness);
  g_free (self->who);
  g_free (self);
}

/* What an answer holds is of no interest. */
static size_t
ignore (char *data, size_t size, size_t n, void *user)
{
  return size * n;
}

char *
l4_webhook_read_token (const char *path, GError **error)
{
  g_autofree char *text = NULL, *name = g_filename_display_name (path);
  gsize length;

  if (!g_file_get_contents (path, &text, NULL, error))
    return NULL;
  length = strcspn (text, "\r\n");
  text[length] = '\0';
  for (const char *at = text; *at != '\0'; at++)
    if (*at <= ' ' || *at >= 0x7f)
      length = 0;
  if (length > 0 && length <= LONGEST_TOKEN)
    return g_steal_pointer (&text);
  l4_fail (error, L4_ERROR_INPUT, _("%s: the first line is no token"), name);
  return NULL;
}

/* Scheme and host of an address, which may be shown: path and query may hold secrets. (transfer full) */
static char *
check_url (const char *given, const char **scheme, GError **error)
{
  CURLU *url = curl_url ();
  char *host = NULL, *port = NULL, *name = NULL, *shown = NULL;

  if (given != NULL && curl_url_set (url, CURLUPART_URL, given, 0) == CURLUE_OK && curl_url_get (url, CURLUPART_SCHEME, &name, 0) == CURLUE_OK
      && curl_url_get (url, CURLUPART_HOST, &host, 0) == CURLUE_OK && curl_url_get (url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK)
    *scheme = strcmp (name, "http") == 0 ? "http" : strcmp (name, "https") == 0 ? "https" : NULL;
  if (*scheme != NULL)
    shown = g_strdup_printf (_("webhook %s://%s:%s"), *scheme, host, port);
  else
    l4_fail (error, L4_ERROR_INPUT, _("a webhook needs an address that begins with http:// or https:// and names a host"));
  curl_free (host);
  curl_free (port);
  curl_free (name);
  curl_url_cleanup (url);
  return shown;
}

static gboolean
set_up (Webhook *self, const L4WebhookSettings *settings, const char *scheme, const char *token)
{
  CURL *easy = self->easy;
  gboolean done = TRUE;

#define SET(option, value) done = done && curl_easy_setopt (easy, option, value) == CURLE_OK
  SET (CURLOPT_URL, settings->url);
  SET (CURLOPT_HTTPHEADER, self->headers);
  SET (CURLOPT_USERAGENT, "llama4describe/" L4_VERSION);
  SET (CURLOPT_POST, 1L);
  SET (CURLOPT_FOLLOWLOCATION, 1L);
  SET (CURLOPT_MAXREDIRS, (long) MOST_REDIRECTIONS);
  SET (CURLOPT_POSTREDIR, (long) CURL_REDIR_POST_ALL);
  SET (CURLOPT_PROTOCOLS_STR, scheme);
  SET (CURLOPT_REDIR_PROTOCOLS_STR, scheme);
  SET (CURLOPT_TIMEOUT_MS, (long) (settings->timeout_ms > 0 ? settings->timeout_ms : 10000));
  SET (CURLOPT_WRITEFUNCTION, ignore);
  SET (CURLOPT_NOSIGNAL, 1L);
  SET (CURLOPT_QUICK_EXIT, 1L);
  if (settings->ca_file != NULL)
    SET (CURLOPT_CAINFO, settings->ca_file);
  if (token != NULL) {
    SET (CURLOPT_HTTPAUTH, (long) CURLAUTH_BEARER);
    SET (CURLOPT_XOAUTH2_BEARER, token);
  }
#undef SET
  return done;
}

static Webhook *
webhook_new_idle (const L4WebhookSettings *settings)
{
  Webhook *self = g_new0 (Webhook, 1);

  self->base = (L4Tell) { .alert = webhook_alert, .get_counters = webhook_get_counters, .finish = webhook_finish, .free = webhook_free };
  l4_tell_queue_init (&self->queue, &settings->bounds);
  l4_tell_voice_init (&self->voice, settings->report, settings->report_data);
  l4_tell_voice_init (&self->fullness, settings->report, settings->report_data);
  self->tries = settings->tries > 0 ? settings->tries : 20;
  self->retry_ms = settings->retry_ms > 0 ? settings->retry_ms : 1000;
  self->multi = curl_multi_init ();
  self->easy = curl_easy_init ();
  self->headers = curl_slist_append (self->headers, "Content-Type: application/json");
  self->headers = curl_slist_append (self->headers, "Expect:");         /* bodies are short: they need no leave */
  return self;
}

/* What the settings come to; *scheme is static, *token stays where there is none. (transfer full) */
static gboolean
read_settings (const L4WebhookSettings *settings, char **who, const char **scheme, char **token, GError **error)
{
  g_autofree char *name = NULL;

  *who = check_url (settings->url, scheme, error);
  if (*who == NULL || (settings->token_file != NULL && (*token = l4_webhook_read_token (settings->token_file, error)) == NULL))
    return FALSE;
  if (settings->ca_file == NULL || g_file_test (settings->ca_file, G_FILE_TEST_EXISTS))
    return TRUE;
  name = g_filename_display_name (settings->ca_file);
  return l4_fail (error, L4_ERROR_NOT_FOUND, "%s: %s", name, g_strerror (ENOENT));
}

gboolean
l4_webhook_check (const L4WebhookSettings *settings, GError **error)
{
  g_autofree char *token = NULL, *who = NULL;
  const char *scheme = NULL;

  return read_settings (settings, &who, &scheme, &token, error);
}

L4Tell *
l4_webhook_new (const L4WebhookSettings *settings, GError **error)
{
  static gsize once;
  g_autofree char *token = NULL, *who = NULL;
  const char *scheme = NULL;
  Webhook *self;

  if (g_once_init_enter (&once)) {
    curl_global_init (CURL_GLOBAL_DEFAULT);
    g_once_init_leave (&once, 1);
  }
  if (!read_settings (settings, &who, &scheme, &token, error))
    return NULL;
  self = webhook_new_idle (settings);
  self->who = g_steal_pointer (&who);
  if (!set_up (self, settings, scheme, token)) {
    l4_fail (error, L4_ERROR_INTERNAL, _("%s: libcurl does not take the settings"), self->who);
    webhook_free (&self->base);
    return NULL;
  }
  self->thread = g_thread_new ("webhook", run, self);
  return &self->base;
}
