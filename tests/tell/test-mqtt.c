/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Brokers are told, with Debian's mosquitto, which is started, killed and started again. */

#include "tell/mqtt.h"

#include <string.h>
#include <sys/resource.h>

#include <mosquitto.h>

#include "support/folder.h"
#include "support.h"

static const char *const yard_rules[] = {"Somebody at the door", "car", NULL};
static const char *const gate_rules[] = {"car", NULL};
static const L4TellCamera cameras[] = {{"Yard", yard_rules}, {"Hof-Tür", gate_rules}};

/* The broker ------------------------------------------------------------------------------------------------------------------ */

typedef struct
{
  Folder *folder;
  guint port;
  GSubprocess *process;
} Broker;

/* Only connections tell that it listens. */
static gboolean
listens (guint port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons (port), .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  gboolean done = connect (fd, (struct sockaddr *) &address, sizeof (address)) == 0;

  close (fd);
  return done;
}

static void
broker_start (Broker *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autofree char *program = g_find_program_in_path ("mosquitto"), *file = g_build_filename (self->folder, "broker.conf", NULL);

  g_subprocess_launcher_unsetenv (launcher, "LD_PRELOAD");
  self->process = g_subprocess_launcher_spawn (launcher, &error, program != NULL ? program : "/usr/sbin/mosquitto", "-c", file, NULL);
  g_assert_no_error (error);
  wait_for (listens (self->port));
}

/* more: further lines of its configuration, in which %s is its folder. */
static void
broker_init (Broker *self, const char *more)
{
  g_autofree char *lines = NULL, *text = NULL, *file = NULL;
  GString *whole = g_string_new (more);

  *self = (Broker) { .folder = folder_new (), .port = free_port () };
  g_string_replace (whole, "%s", self->folder, 0);
  lines = g_string_free (whole, FALSE);
  text = g_strdup_printf ("listener %u 127.0.0.1\npersistence true\npersistence_location %s/\n%s%s\n", self->port, self->folder,
      geteuid () == 0 ? "user root\n" : "", lines);
  file = folder_write (self->folder, "broker.conf", text, -1);
}

static void
broker_stop (Broker *self, int number)
{
  if (self->process == NULL)
    return;
  g_subprocess_send_signal (self->process, number);
  g_subprocess_wait (self->process, NULL, NULL);
  g_clear_object (&self->process);
}

static void
broker_clear (Broker *self)
{
  broker_stop (self, SIGKILL);
  folder_free (self->folder);
}

/* Killed, but what is subscribed is on its disk by then. */
static void
broker_kill (Broker *self)
{
  g_autofree char *file = g_build_filename (self->folder, "mosquitto.db", NULL), *other = g_strconcat (file, ".new", NULL);

  g_unlink (file);
  g_subprocess_send_signal (self->process, SIGUSR1);
  wait_for (g_file_test (file, G_FILE_TEST_EXISTS) && !g_file_test (other, G_FILE_TEST_EXISTS));
  broker_stop (self, SIGKILL);
}

/* A listener ------------------------------------------------------------------------------------------------------------------ */

/* Keeps all that it gets, as "TOPIC PAYLOAD"; retained ones as "TOPIC =PAYLOAD". Its session outlives the broker. */
typedef struct
{
  struct mosquitto *client;
  GMutex lock;
  GPtrArray *got;
  gint subscribed;
} Listener;

static void
on_message (struct mosquitto *client, void *data, const struct mosquitto_message *message)
{
  Listener *self = data;

  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->got, g_strdup_printf ("%s %s%.*s", message->topic, message->retain ? "=" : "", message->payloadlen,
          (const char *) message->payload));
  g_mutex_unlock (&self->lock);
}

static void
on_subscribe (struct mosquitto *client, void *data, int id, int n, const int *granted)
{
  g_atomic_int_set (&((Listener *) data)->subscribed, 1);
}

static void
on_connect (struct mosquitto *client, void *data, int code)
{
  g_assert_cmpint (code, ==, 0);
  mosquitto_subscribe (client, NULL, "#", 1);
}

/* folder: with the client's certificate for a broker that wants one; else NULL. */
static void
listener_init (Listener *self, guint port, const char *user, const char *password, const char *folder)
{
  *self = (Listener) { .client = NULL };
  g_mutex_init (&self->lock);
  self->got = g_ptr_array_new_with_free_func (g_free);
  self->client = mosquitto_new ("listener", false, self);
  mosquitto_message_callback_set (self->client, on_message);
  mosquitto_subscribe_callback_set (self->client, on_subscribe);
  mosquitto_connect_callback_set (self->client, on_connect);
  mosquitto_username_pw_set (self->client, user, password);
  if (folder != NULL) {
    g_autofree char *ca = g_build_filename (folder, "ca.pem", NULL), *certificate = g_build_filename (folder, "client.pem", NULL);
    g_autofree char *key = g_build_filename (folder, "client.key", NULL);

    g_assert_cmpint (mosquitto_tls_set (self->client, ca, NULL, certificate, key, NULL), ==, MOSQ_ERR_SUCCESS);
  }
  wait_for (mosquitto_connect (self->client, "localhost", port, 30) == MOSQ_ERR_SUCCESS);
  mosquitto_loop_start (self->client);
  wait_for (g_atomic_int_get (&self->subscribed));
}

static void
listener_clear (Listener *self)
{
  mosquitto_disconnect (self->client);
  mosquitto_loop_stop (self->client, true);
  mosquitto_destroy (self->client);
  g_ptr_array_unref (self->got);
  g_mutex_clear (&self->lock);
}

static gboolean
has_got (Listener *self, const char *what)
{
  gboolean found = FALSE;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->got->len && !found; i++)
    found = strcmp (self->got->pdata[i], what) == 0;
  g_mutex_unlock (&self->lock);
  return found;
}

/* The first message that begins so. (transfer full) */
static char *
find_got (Listener *self, const char *begin)
{
  char *found = NULL;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->got->len && found == NULL; i++)
    if (g_str_has_prefix (self->got->pdata[i], begin))
      found = g_strdup (self->got->pdata[i]);
  g_mutex_unlock (&self->lock);
  return found;
}

/* The last one of a topic is this, retained or not. */
static gboolean
last_is (Listener *self, const char *topic, const char *payload)
{
  g_autofree char *begin = g_strconcat (topic, " ", NULL);
  const char *last = NULL;
  gboolean is;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->got->len; i++)
    if (g_str_has_prefix (self->got->pdata[i], begin))
      last = (char *) self->got->pdata[i] + strlen (begin);
  is = last != NULL && strcmp (last + (*last == '='), payload) == 0;
  g_mutex_unlock (&self->lock);
  return is;
}

/* The numbers of a rule's alerts, each once, in the order of their first coming. (transfer full) */
static char *
numbers_got (Listener *self, const char *rule)
{
  g_autofree char *begin = g_strdup_printf ("llama4describe/Yard/%s/alert {\"number\":", rule);
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  GString *numbers = g_string_new (NULL);

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->got->len; i++) {
    const char *line = self->got->pdata[i];

    if (g_str_has_prefix (line, begin) && g_hash_table_add (seen, GINT_TO_POINTER (atoi (line + strlen (begin)) + 1)))
      g_string_append_printf (numbers, "%d ", atoi (line + strlen (begin)));
  }
  g_mutex_unlock (&self->lock);
  return g_string_free (numbers, FALSE);
}

/* Of first up to last. (transfer full) */
static char *
numbers_from (guint first, guint last)
{
  GString *numbers = g_string_new (NULL);

  for (guint i = first; i <= last; i++)
    g_string_append_printf (numbers, "%u ", i);
  return g_string_free (numbers, FALSE);
}

/* Settings for a broker in which trying again takes no time. */
static L4MqttSettings
settings_for (guint port, Said *said)
{
  return (L4MqttSettings) { .host = "localhost", .port = port, .retry_ms = 20, .report = said_add, .report_data = said };
}

static L4Tell *
mqtt_new (const L4MqttSettings *settings)
{
  g_autoptr (GError) error = NULL;
  L4Tell *tell = l4_mqtt_new (settings, cameras, G_N_ELEMENTS (cameras), &error);

  g_assert_no_error (error);
  return tell;
}

/* Tests ------------------------------------------------------------------------------------------------------------------------ */

static void
test_topics (void)
{
  g_autoptr (GBytes) picture = g_bytes_new_static ("\xff\xd8JPEG", 6);
  g_autoptr (GBytes) huge = g_bytes_new_take (g_malloc0 (L4_TELL_BIGGEST_PICTURE + 1), L4_TELL_BIGGEST_PICTURE + 1);
  g_autofree char *binary = NULL, *sensor = NULL, *image = NULL;
  Broker broker;
  Listener listener, later;
  Said said;
  L4MqttSettings settings;
  L4Tell *tell;

  said_init (&said);
  broker_init (&broker, "allow_anonymous true");
  broker_start (&broker);
  listener_init (&listener, broker.port, NULL, NULL, NULL);
  settings = settings_for (broker.port, &said);
  tell = mqtt_new (&settings);
  wait_for (has_got (&listener, "llama4describe/status online"));
  wait_for (has_got (&listener, "llama4describe/Yard/status offline"));
  wait_for (has_got (&listener, "llama4describe/Yard/car/state OFF"));
  l4_tell_presence (tell, "Yard", TRUE);
  wait_for (has_got (&listener, "llama4describe/Yard/status online"));
  l4_tell_sentence (tell, "Yard", 1700000000123456, "A \"man\"\nstands <b>there", picture);
  wait_for (has_got (&listener, "llama4describe/Yard/sentence {\"time\":\"2023-11-14T22:13:20.123Z\",\"sentence\":\"A \\\"man\\\" stands <b>there\"}"));
  wait_for (has_got (&listener, "llama4describe/Yard/picture \xff\xd8JPEG"));
  l4_tell_alert (tell, &(L4Alert) { "Yard", "Somebody at the door", TRUE, 0, 1, 2, "{\"a\":1}", "x", huge });
  wait_for (has_got (&listener, "llama4describe/Yard/Somebody_at_the_door/alert {\"a\":1}"));
  wait_for (has_got (&listener, "llama4describe/Yard/Somebody_at_the_door/state ON"));
  l4_tell_alert (tell, &(L4Alert) { "Hof-Tür", "car", TRUE, 0, 1, 2, "{\"a\":2}", "x", NULL });
  l4_tell_alert (tell, &(L4Alert) { "Hof-Tür", "car", FALSE, 0, 1, 2, "{\"a\":3}", "x", NULL });
  g_assert_true (l4_tell_finish (tell, PATIENCE / 1000));
  l4_tell_alert (tell, &(L4Alert) { "nowhere", "car", FALSE, 0, 1, 2, "{\"a\":4}", "x", NULL });
  g_assert_cmpuint (counters_of (tell).told, ==, 3);
  g_assert_cmpuint (counters_of (tell).refused, ==, 1);

  /* Who comes later finds what was kept, and no alert of the past. */
  listener_clear (&listener);
  listener_init (&later, broker.port, NULL, NULL, NULL);
  wait_for (has_got (&later, "llama4describe/Yard/Somebody_at_the_door/state =ON"));
  wait_for (has_got (&later, "llama4describe/status =online"));
  binary = find_got (&later, "homeassistant/binary_sensor/llama4describe-Yard/rule-Somebody_at_the_door/config =");
  sensor = find_got (&later, "homeassistant/sensor/llama4describe-Hof-T_r_");
  image = find_got (&later, "homeassistant/image/llama4describe-Yard/picture/config =");
  g_assert_nonnull (strstr (binary, "\"state_topic\":\"llama4describe/Yard/Somebody_at_the_door/state\""));
  g_assert_nonnull (strstr (binary, "\"name\":\"Somebody at the door\""));
  g_assert_nonnull (strstr (binary, "\"availability\":[{\"topic\":\"llama4describe/status\"},{\"topic\":\"llama4describe/Yard/status\"}]"));
  g_assert_nonnull (strstr (sensor, "\"name\":\"Hof-Tür\""));
  g_assert_nonnull (strstr (sensor, "value_json.sentence[:255]"));
  g_assert_nonnull (strstr (image, "\"image_topic\":\"llama4describe/Yard/picture\""));
  g_assert_null (find_got (&later, "llama4describe/Yard/Somebody_at_the_door/alert"));
  l4_tell_free (tell);
  wait_for (last_is (&later, "llama4describe/status", "offline"));
  g_assert_cmpuint (said.lines->len, ==, 0);
  listener_clear (&later);
  broker_clear (&broker);
  said_clear (&said);
}

/* As a program of its own: is there until it is killed. */
static int
be_child (const char *port)
{
  L4MqttSettings settings = { .host = "localhost", .port = atoi (port) };

  mqtt_new (&settings);
  pause ();
  return 1;
}

static void
test_last_will (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL), *port = NULL;
  g_autoptr (GSubprocess) child = NULL;
  Broker broker;
  Listener listener;

  if (self == NULL) {
    g_test_skip ("the system does not tell which program this is");
    return;
  }
  broker_init (&broker, "allow_anonymous true");
  broker_start (&broker);
  listener_init (&listener, broker.port, NULL, NULL, NULL);
  port = g_strdup_printf ("%u", broker.port);
  child = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, NULL, self, "--child", port, NULL);
  wait_for (has_got (&listener, "llama4describe/status online"));
  g_subprocess_send_signal (child, SIGKILL);
  wait_for (last_is (&listener, "llama4describe/status", "offline"));
  g_subprocess_wait (child, NULL, NULL);
  listener_clear (&listener);
  broker_clear (&broker);
}

static void
test_password (void)
{
  Broker broker;
  Listener listener;
  Said said;
  L4MqttSettings settings;
  L4Tell *tell;

  said_init (&said);
  broker_init (&broker, "allow_anonymous false\npassword_file %s/passwords");
  command (broker.folder, "mosquitto_passwd -b -c passwords watcher 'a b\"c'");
  broker_start (&broker);
  settings = settings_for (broker.port, &said);
  settings.user = "watcher";
  settings.password = "wrong";
  tell = mqtt_new (&settings);
  tell_number (tell, "car", TRUE, 1);
  wait_for (said_count (&said, "! MQTT broker localhost:") == 1);
  g_assert_cmpuint (said_count (&said, "the broker refuses this user, password or certificate"), ==, 1);
  g_assert_false (l4_tell_finish (tell, 1));
  g_assert_cmpuint (counters_of (tell).waiting, ==, 1);
  l4_tell_free (tell);
  g_assert_cmpuint (said.lines->len, ==, 1);

  settings.password = "a b\"c";
  listener_init (&listener, broker.port, "watcher", "a b\"c", NULL);
  tell = mqtt_new (&settings);
  tell_number (tell, "car", TRUE, 2);
  wait_for (has_got (&listener, "llama4describe/Yard/car/alert {\"number\":2}"));
  g_assert_true (l4_tell_finish (tell, PATIENCE / 1000));
  l4_tell_free (tell);
  listener_clear (&listener);
  broker_clear (&broker);
  said_clear (&said);
}

/* What this process has worked. */
static double
cpu_seconds (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

/* A time in which nothing should happen: whoever asks again and again works all of it, however slow the machine. */
typedef struct
{
  gint64 begin;
  double worked;
} Rest;

static Rest
rest_begin (void)
{
  return (Rest) { g_get_monotonic_time (), cpu_seconds () };
}

static void
rest_end (Rest rest)
{
  double passed = (g_get_monotonic_time () - rest.begin) / (double) G_TIME_SPAN_SECOND;

  g_assert_cmpfloat (cpu_seconds () - rest.worked, <, passed / 2 + 0.1);
}

static void
test_tls (void)
{
  Rest rest;
  g_autofree char *ca = NULL, *stranger = NULL, *certificate = NULL, *key = NULL;
  Broker broker;
  Listener listener;
  Said said;
  L4MqttSettings settings;
  L4Tell *tell;

  said_init (&said);
  broker_init (&broker, "allow_anonymous true\ncafile %s/ca.pem\ncertfile %s/server.pem\nkeyfile %s/server.key\nrequire_certificate true");
  make_certificates (broker.folder);
  broker_start (&broker);
  ca = g_build_filename (broker.folder, "ca.pem", NULL);
  stranger = g_build_filename (broker.folder, "stranger.pem", NULL);
  certificate = g_build_filename (broker.folder, "client.pem", NULL);
  key = g_build_filename (broker.folder, "client.key", NULL);
  listener_init (&listener, broker.port, NULL, NULL, broker.folder);
  settings = settings_for (broker.port, &said);

  settings.ca_file = stranger;          /* the broker is not who it should be */
  settings.certificate = certificate;
  settings.key = key;
  tell = mqtt_new (&settings);
  wait_for (said_count (&said, ": TLS: certificate verify failed") == 1);
  l4_tell_free (tell);
  settings.ca_file = NULL;              /* nor is it for who trusts the system's authorities */
  tell = mqtt_new (&settings);
  wait_for (said_count (&said, "certificate verify failed") == 2);
  l4_tell_free (tell);
  settings = settings_for (broker.port, &said);
  settings.ca_file = ca;                /* the client says not who it is */
  tell = mqtt_new (&settings);
  wait_for (said_count (&said, "! MQTT broker") >= 3);
  l4_tell_free (tell);
  settings.certificate = certificate;
  settings.key = key;
  g_assert_null (find_got (&listener, "llama4describe/status"));
  tell = mqtt_new (&settings);
  tell_number (tell, "car", TRUE, 3);
  wait_for (has_got (&listener, "llama4describe/Yard/car/alert {\"number\":3}"));
  g_assert_true (l4_tell_finish (tell, PATIENCE / 1000));
  rest = rest_begin ();
  g_usleep (600000);
  rest_end (rest);              /* a connection on which nothing happens is no work */
  l4_tell_free (tell);
  wait_for (last_is (&listener, "llama4describe/status", "offline"));
  listener_clear (&listener);
  broker_clear (&broker);
  said_clear (&said);
}

static void
test_broker_comes_back (void)
{
  g_autofree char *numbers = NULL, *expected = numbers_from (0, 119);
  Broker broker;
  Listener listener;
  Said said;
  L4MqttSettings settings;
  L4Tell *tell;

  said_init (&said);
  broker_init (&broker, "allow_anonymous true");
  broker_start (&broker);
  listener_init (&listener, broker.port, NULL, NULL, NULL);
  settings = settings_for (broker.port, &said);
  tell = mqtt_new (&settings);
  for (guint i = 0; i < 40; i++)
    tell_number (tell, "car", TRUE, i);
  g_assert_true (l4_tell_finish (tell, PATIENCE / 1000));
  broker_kill (&broker);
  for (guint i = 40; i < 80; i++)
    tell_number (tell, "car", i % 2, i);
  wait_for (said_count (&said, "! ") > 0);
  g_assert_cmpuint (counters_of (tell).waiting, ==, 40);
  broker_start (&broker);
  g_assert_true (l4_tell_finish (tell, PATIENCE / 1000));
  wait_for (said_count (&said, ": connected") == 1);

  /* Once more, and this time it ends as it should, while alerts are told. */
  for (guint i = 80; i < 100; i++)
    tell_number (tell, "car", TRUE, i);
  broker_stop (&broker, SIGTERM);
  for (guint i = 100; i < 120; i++)
    tell_number (tell, "car", TRUE, i);
  l4_tell_presence (tell, "Yard", TRUE);
  broker_start (&broker);
  g_assert_true (l4_tell_finish (tell, PATIENCE / 1000));
  wait_for (has_got (&listener, "llama4describe/Yard/car/alert {\"number\":119}"));
  wait_for (last_is (&listener, "llama4describe/Yard/status", "online"));
  numbers = numbers_got (&listener, "car");
  g_assert_cmpstr (numbers, ==, expected);
  g_assert_cmpuint (counters_of (tell).told, ==, 120);
  g_assert_cmpuint (counters_of (tell).dropped, ==, 0);
  l4_tell_free (tell);
  listener_clear (&listener);
  broker_clear (&broker);
  said_clear (&said);
}

static void
test_oldest_are_dropped (void)
{
  g_autofree char *numbers = NULL, *expected = numbers_from (90, 99);
  Broker broker;
  Listener listener;
  Said said;
  L4MqttSettings settings;
  L4Tell *tell;

  said_init (&said);
  broker_init (&broker, "allow_anonymous true");
  broker_start (&broker);
  listener_init (&listener, broker.port, NULL, NULL, NULL);
  broker_kill (&broker);
  settings = settings_for (broker.port, &said);
  settings.bounds.most = 10;
  tell = mqtt_new (&settings);
  tell_number (tell, "Somebody at the door", TRUE, 0);
  for (guint i = 1; i < 100; i++)
    tell_number (tell, "car", i % 2 == 0, i);
  g_assert_cmpuint (counters_of (tell).waiting, ==, 10);
  g_assert_cmpuint (counters_of (tell).dropped, ==, 90);
  wait_for (said_count (&said, "the queue is full, the oldest alerts are dropped") == 1);
  broker_start (&broker);
  g_assert_true (l4_tell_finish (tell, PATIENCE / 1000));
  wait_for (has_got (&listener, "llama4describe/Yard/car/alert {\"number\":99}"));
  wait_for (said_count (&said, "alerts dropped: 90") == 1);
  numbers = numbers_got (&listener, "car");
  g_assert_cmpstr (numbers, ==, expected);

  /* The alert is lost, but not the state that it told. */
  wait_for (last_is (&listener, "llama4describe/Yard/Somebody_at_the_door/state", "ON"));
  g_assert_null (find_got (&listener, "llama4describe/Yard/Somebody_at_the_door/alert"));
  wait_for (last_is (&listener, "llama4describe/Yard/car/state", "OFF"));
  l4_tell_free (tell);

  settings.bounds = (L4TellBounds) { .most_bytes = 5 * strlen ("{\"number\":1}") };
  broker_kill (&broker);
  tell = mqtt_new (&settings);
  for (guint i = 0; i < 8; i++)
    tell_number (tell, "car", TRUE, i);
  g_assert_cmpuint (counters_of (tell).waiting, ==, 5);
  g_assert_cmpuint (counters_of (tell).dropped, ==, 3);
  l4_tell_free (tell);
  listener_clear (&listener);
  broker_clear (&broker);
  said_clear (&said);
}

static void
test_mute_broker (void)
{
  Said said;
  L4MqttSettings settings;
  L4Tell *tell;
  guint port;
  int fd = bind_port (&port, TRUE);
  gint64 begin;

  for (guint tls = 0; tls < 2; tls++) {
    said_init (&said);
    settings = settings_for (port, &said);
    settings.answer_ms = 50;
    settings.tls = tls;
    tell = mqtt_new (&settings);
    for (guint i = 0; i < 2000; i++)
      tell_number (tell, "car", TRUE, i);
    wait_for (said_count (&said, "the broker does not answer") == 1);
    g_assert_cmpuint (counters_of (tell).waiting + counters_of (tell).dropped, ==, 2000);
    begin = g_get_monotonic_time ();
    l4_tell_free (tell);
    g_assert_cmpint (g_get_monotonic_time () - begin, <, PATIENCE / 2);
    said_clear (&said);
  }
  close (fd);
}

/* Until a client has said something: the time after that is the broker's. */
static int
accept_talking (int fd)
{
  char byte;

  for (;;) {
    int client = accept (fd, NULL, NULL);

    if (recv (client, &byte, 1, MSG_PEEK) > 0)
      return client;
    close (client);             /* it only tried whether somebody is there */
  }
}

/* Waiting for an answer is no work. */
static void
test_waiting_takes_no_time (void)
{
  Said said;
  L4MqttSettings settings;
  guint port;

  for (guint tls = 0; tls < 2; tls++) {
    int client, fd = bind_port (&port, TRUE);
    L4Tell *tell;
    Rest rest;

    said_init (&said);
    settings = settings_for (port, &said);
    settings.answer_ms = 1000;
    settings.tls = tls;
    tell = mqtt_new (&settings);
    client = accept_talking (fd);
    rest = rest_begin ();
    wait_for (said_count (&said, "the broker does not answer") == 1);
    rest_end (rest);
    l4_tell_free (tell);
    said_clear (&said);
    close (client);
    close (fd);
  }
}

/* A stopped process goes on for a while. */
static void
broker_stand_still (Broker *self)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/stat", g_subprocess_get_identifier (self->process));

  g_subprocess_send_signal (self->process, SIGSTOP);
  for (gboolean stopped = FALSE; !stopped;) {
    g_autofree char *text = NULL;

    g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
    stopped = strstr (text, ") T") != NULL;
    g_usleep (1000);
  }
}

static void
test_broker_stands_still (void)
{
  Broker broker;
  Listener listener;
  Said said;
  L4MqttSettings settings;
  L4Tell *tell;

  said_init (&said);
  broker_init (&broker, "allow_anonymous true");
  broker_start (&broker);
  listener_init (&listener, broker.port, NULL, NULL, NULL);
  settings = settings_for (broker.port, &said);
  tell = mqtt_new (&settings);
  wait_for (has_got (&listener, "llama4describe/status online"));
  broker_stand_still (&broker);
  for (guint i = 0; i < 200; i++)
    tell_number (tell, "car", i % 2, i);
  g_assert_false (l4_tell_finish (tell, 50));
  g_assert_cmpuint (counters_of (tell).waiting, ==, 200);
  g_subprocess_send_signal (broker.process, SIGCONT);
  g_assert_true (l4_tell_finish (tell, PATIENCE / 1000));
  g_assert_cmpuint (counters_of (tell).told, ==, 200);
  wait_for (has_got (&listener, "llama4describe/Yard/car/alert {\"number\":199}"));
  {
    g_autofree char *numbers = numbers_got (&listener, "car"), *expected = numbers_from (0, 199);

    g_assert_cmpstr (numbers, ==, expected);
  }

  /* And whoever ends it while the broker stands still does not wait for it, but is offline in the end, however much was under way. */
  broker_stand_still (&broker);
  for (guint i = 200; i < 400; i++)
    tell_number (tell, "car", FALSE, i);
  g_assert_false (l4_tell_finish (tell, 200));
  l4_tell_free (tell);
  g_subprocess_send_signal (broker.process, SIGCONT);
  wait_for (last_is (&listener, "llama4describe/status", "offline"));
  listener_clear (&listener);
  broker_clear (&broker);
  said_clear (&said);
}

/* A broker that takes one client and all that it says, but acknowledges nothing; what it was told until the client left. */
static gpointer
be_broker_of_few_words (gpointer data)
{
  static const guint8 welcome[] = {0x20, 2, 0, 0};
  GByteArray *told = g_byte_array_new ();
  guint8 bytes[4096];

  while (told->len == 0) {              /* whoever only tries whether somebody is there says nothing */
    int fd = accept (GPOINTER_TO_INT (data), NULL, NULL);

    for (gssize length; (length = read (fd, bytes, sizeof (bytes))) > 0;) {
      if (told->len == 0)
        g_assert_cmpint (write (fd, welcome, sizeof (welcome)), ==, sizeof (welcome));
      g_byte_array_append (told, bytes, length);
    }
    close (fd);
  }
  return told;
}

/* As it would forget the will. */
static void
test_no_leave_without_farewell (void)
{
  static const guint8 leave[] = {0xe0, 0};
  Said said;
  L4MqttSettings settings;
  L4Tell *tell;
  GByteArray *told;
  guint port;
  int fd = bind_port (&port, TRUE);
  GThread *broker = g_thread_new ("broker", be_broker_of_few_words, GINT_TO_POINTER (fd));

  said_init (&said);
  settings = settings_for (port, &said);
  tell = mqtt_new (&settings);
  for (guint i = 0; i < 100; i++)
    tell_number (tell, "car", TRUE, i);
  g_assert_false (l4_tell_finish (tell, 200));
  l4_tell_free (tell);
  told = g_thread_join (broker);
  g_assert_cmpuint (told->len, >, 2);
  g_assert_cmpint (memcmp (told->data + told->len - sizeof (leave), leave, sizeof (leave)), !=, 0);
  g_byte_array_unref (told);
  said_clear (&said);
  close (fd);
}

static void
test_news_is_told_once (void)
{
  Said said;
  L4MqttSettings settings;
  L4Tell *tell;
  guint port;
  int fd = bind_port (&port, TRUE);

  said_init (&said);
  settings = settings_for (port, &said);
  settings.retry_ms = 1;
  tell = mqtt_new (&settings);
  for (guint i = 0; i < 6; i++)         /* it is called by whoever hangs up */
    close (accept (fd, NULL, NULL));
  wait_for (said_count (&said, "! MQTT broker localhost:") > 0);
  g_assert_cmpuint (said.lines->len, ==, 1);
  l4_tell_free (tell);
  close (fd);
  settings.port = free_port ();
  tell = mqtt_new (&settings);
  wait_for (said_count (&said, "Connection refused") == 1);
  l4_tell_free (tell);
  said_clear (&said);
}

/* What a broker closes for ever is given up, and what follows is told. */
static void
test_alert_that_displeases (void)
{
  g_autofree char *huge = g_strnfill (3000, 'x'), *record = g_strdup_printf ("{\"x\":\"%s\"}", huge);
  Broker broker;
  Listener listener;
  Said said;
  L4MqttSettings settings;
  L4Tell *tell;

  said_init (&said);
  broker_init (&broker, "allow_anonymous true\nmax_packet_size 2000");
  broker_start (&broker);
  listener_init (&listener, broker.port, NULL, NULL, NULL);
  settings = settings_for (broker.port, &said);
  tell = mqtt_new (&settings);
  tell_number (tell, "car", TRUE, 1);
  l4_tell_alert (tell, &(L4Alert) { .camera = "Yard", .rule = "car", .on = TRUE, .record = record, .sentence = "" });
  tell_number (tell, "car", TRUE, 2);
  g_assert_true (l4_tell_finish (tell, PATIENCE / 1000));
  wait_for (has_got (&listener, "llama4describe/Yard/car/alert {\"number\":2}"));
  g_assert_true (has_got (&listener, "llama4describe/Yard/car/alert {\"number\":1}"));
  g_assert_cmpuint (counters_of (tell).told, ==, 2);
  g_assert_cmpuint (counters_of (tell).refused, ==, 1);
  g_assert_cmpuint (said_count (&said, "an alert was given up"), ==, 1);
  l4_tell_free (tell);
  listener_clear (&listener);
  broker_clear (&broker);
  said_clear (&said);
}

static gpointer
tell_many (gpointer tell)
{
  for (guint i = 0; i < 100; i++) {
    tell_number (tell, "car", i % 2, i);
    l4_tell_sentence (tell, "Yard", i, "It goes on.", NULL);
  }
  return NULL;
}

static void
test_from_many_threads (void)
{
  GThread *threads[4];
  L4TellCounters counters;
  Broker broker;
  Said said;
  L4MqttSettings settings;
  L4Tell *tell;

  said_init (&said);
  broker_init (&broker, "allow_anonymous true");
  broker_start (&broker);
  settings = settings_for (broker.port, &said);
  settings.bounds.most = 50;
  tell = mqtt_new (&settings);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("teller", tell_many, tell);
  broker_stop (&broker, SIGKILL);
  broker_start (&broker);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_true (l4_tell_finish (tell, PATIENCE / 1000));
  counters = counters_of (tell);
  g_assert_cmpuint (counters.told + counters.dropped + counters.refused, ==, 400);
  g_assert_cmpuint (counters.told, >=, 50);
  l4_tell_free (tell);
  broker_clear (&broker);
  said_clear (&said);
}

static void
test_settings_that_cannot_work (void)
{
  static const char *const twice[] = {"a b", "a_b", NULL}, *const none[] = {NULL}, *const nameless[] = {"", NULL};
  static const struct
  {
    L4MqttSettings settings;
    L4TellCamera cameras[2];
    const char *said;
  } cases[] = {
    {{ .host = NULL }, {{"a", none}, {"b", none}}, "host"},
    {{ .host = "h", .port = 70000 }, {{"a", none}, {"b", none}}, "70000"},
    {{ .host = "h", .prefix = "a/#" }, {{"a", none}, {"b", none}}, "\"a/#\""},
    {{ .host = "h", .prefix = "/a" }, {{"a", none}, {"b", none}}, "\"/a\""},
    {{ .host = "h", .prefix = "" }, {{"a", none}, {"b", none}}, "\"\""},
    {{ .host = "h", .discovery = "a/" }, {{"a", none}, {"b", none}}, "\"a/\""},
    {{ .host = "h", .certificate = "/dev/null" }, {{"a", none}, {"b", none}}, "key"},
    {{ .host = "h", .ca_file = "/nowhere/ca.pem" }, {{"a", none}, {"b", none}}, "/nowhere/ca.pem"},
    {{ .host = "h", .password = "p" }, {{"a", none}, {"b", none}}, "user"},
    {{ .host = "h" }, {{"a", none}, {"a", none}}, "llama4describe/a"},
    {{ .host = "h" }, {{"a.", none}, {"a_", none}}, "\"a_\"|llama4describe/a_"},
    {{ .host = "h" }, {{"a", twice}, {"b", none}}, "\"a_b\"|llama4describe/a/a_b"},
    {{ .host = "h" }, {{"a", nameless}, {"b", none}}, "\"\""},
    {{ .host = "h" }, {{"a\xff", none}, {"b", none}}, "MQTT topic"},
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (l4_mqtt_new (&cases[i].settings, cases[i].cameras, 2, &error));
    assert_says (error, cases[i].said);
  }
}

int
main (int argc, char **argv)
{
  int result;

  if (argc == 3 && strcmp (argv[1], "--child") == 0)
    return be_child (argv[2]);
  g_test_init (&argc, &argv, NULL);
  mosquitto_lib_init ();
  g_test_add_func ("/mqtt/cameras-and-rules-have-topics-that-home-assistant-finds", test_topics);
  g_test_add_func ("/mqtt/a-program-that-is-killed-is-offline", test_last_will);
  g_test_add_func ("/mqtt/a-password-is-needed-where-the-broker-wants-one", test_password);
  g_test_add_func ("/mqtt/both-sides-show-who-they-are-with-tls", test_tls);
  g_test_add_func ("/mqtt/nothing-is-lost-when-the-broker-was-away", test_broker_comes_back);
  g_test_add_func ("/mqtt/the-oldest-is-dropped-when-there-is-no-room", test_oldest_are_dropped);
  g_test_add_func ("/mqtt/a-broker-that-never-answers-holds-up-nobody", test_mute_broker);
  g_test_add_func ("/mqtt/waiting-for-an-answer-is-no-work", test_waiting_takes_no_time);
  g_test_add_func ("/mqtt/a-broker-that-stands-still-holds-up-nobody", test_broker_stands_still);
  g_test_add_func ("/mqtt/no-leave-is-taken-of-a-broker-that-took-no-farewell", test_no_leave_without_farewell);
  g_test_add_func ("/mqtt/the-same-news-is-told-once", test_news_is_told_once);
  g_test_add_func ("/mqtt/an-alert-for-which-the-broker-hangs-up-is-given-up", test_alert_that_displeases);
  g_test_add_func ("/mqtt/many-threads-may-tell", test_from_many_threads);
  g_test_add_func ("/mqtt/settings-that-cannot-work-are-told", test_settings_that_cannot_work);
  result = g_test_run ();
  mosquitto_lib_cleanup ();
  return result;
}
