/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What brokers are told. */

#include "stage.h"

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

  stage_open (&broker, &listener, &said, &settings);
  tell = mqtt_new (&settings);
  wait_for (has_got (&listener, "llama4describe/status online"));
  wait_for (has_got (&listener, "llama4describe/Yard/status offline"));
  wait_for (has_got (&listener, "llama4describe/Yard/car/state OFF"));
  l4_tell_presence (tell, "Yard", TRUE);
  wait_for (has_got (&listener, "llama4describe/Yard/status online"));
  l4_tell_said (tell, &(L4Said) { "Yard", 0, 1700000000123456, "A \"man\"\nstands <b>there", FALSE, NULL, picture });
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
  stage_close (&broker, &listener, &said);
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
  wait_for (said_count (&said, ": TLS: its certificate is refused: nobody who is trusted here has signed it") == 1);
  l4_tell_free (tell);
  settings.ca_file = NULL;              /* nor is it for who trusts the system's authorities */
  tell = mqtt_new (&settings);
  wait_for (said_count (&said, "nobody who is trusted here has signed it") == 2);
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
  stage_close (&broker, &listener, &said);
}

/* Nothing is told a broker whose certificate is not right, and what is wrong with it is said once. */
static void
test_certificates (void)
{
  static const struct
  {
    const char *name, *said;
  } cases[] = {
    {"expired", "it was valid until 2020-02-01"}, {"early", "it is valid from 2100-01-01 on"}, {"other", "it is for another name"},
    {"self-signed", "nobody who is trusted here has signed it"},
  };

  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ())) {
    g_test_skip ("GLib has no TLS here");
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *lines = g_strdup_printf ("allow_anonymous true\ncertfile %%s/%s.pem\nkeyfile %%s/%s.key", cases[i].name, cases[i].name);
    g_autofree char *expected = g_strconcat (": TLS: its certificate is refused: ", cases[i].said, NULL), *ca = NULL;
    Broker broker;
    Said said;
    L4MqttSettings settings;
    L4Tell *tell;

    said_init (&said);
    broker_init (&broker, lines);
    make_certificates (broker.folder);
    broker_start (&broker);
    settings = settings_for (broker.port, &said);
    settings.ca_file = ca = g_build_filename (broker.folder, "ca.pem", NULL);
    tell = mqtt_new (&settings);
    tell_number (tell, "car", TRUE, 1);
    wait_for (said_count (&said, expected) == 1);
    g_assert_cmpuint (counters_of (tell).told, ==, 0);
    l4_tell_free (tell);
    broker_clear (&broker);
    said_clear (&said);
  }
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

#define SMALL "max_packet_size 2000"

/* A stage whose broker closes for what is larger. */
static L4Tell *
open_small (Broker *broker, Listener *listener, Said *said)
{
  L4MqttSettings settings;

  said_init (said);
  broker_init (broker, "allow_anonymous true\n" SMALL);
  broker_start (broker);
  listener_init (listener, broker->port, NULL, NULL, NULL);
  settings = settings_for (broker->port, said);
  return mqtt_new (&settings);
}

/* What a broker closes for ever is given up, and what follows is told. */
static void
test_alert_that_displeases (void)
{
  g_autofree char *huge = g_strnfill (3000, 'x'), *record = g_strdup_printf ("{\"x\":\"%s\"}", huge);
  Broker broker;
  Listener listener;
  Said said;
  L4Tell *tell = open_small (&broker, &listener, &said);

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
  stage_close (&broker, &listener, &said);
}

/* A broker may come to take what it closed for. */
static void
test_what_is_kept_is_given_up_for_a_while (void)
{
  g_autofree char *huge = g_strnfill (3000, 'x'), *config = NULL, *path = NULL, *found = NULL;
  g_auto (GStrv) parts = NULL;
  Broker broker;
  Listener listener;
  Said said;
  L4Tell *tell = open_small (&broker, &listener, &said);

  l4_tell_said (tell, &(L4Said) { "Yard", 0, 1, huge, FALSE, NULL, NULL });
  g_usleep (3 * G_USEC_PER_SEC);        /* for the five connections that it ends */
  path = g_build_filename (broker.folder, "broker.conf", NULL);
  g_assert_true (g_file_get_contents (path, &config, NULL, NULL));
  parts = g_strsplit (config, SMALL, -1);
  g_free (config);
  config = g_strjoinv ("", parts);
  broker_stop (&broker, SIGTERM);
  g_assert_true (g_file_set_contents (path, config, -1, NULL));
  broker_start (&broker);
  wait_for ((found = find_got (&listener, "llama4describe/Yard/sentence ")) != NULL);
  g_assert_nonnull (strstr (found, huge));
  l4_tell_free (tell);
  stage_close (&broker, &listener, &said);
}

static gpointer
tell_many (gpointer tell)
{
  for (guint i = 0; i < 100; i++) {
    tell_number (tell, "car", i % 2, i);
    l4_tell_said (tell, &(L4Said) { "Yard", 0, i, "It goes on.", FALSE, NULL, NULL });
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
  g_test_add_func ("/mqtt/a-broker-whose-certificate-is-not-right-is-told-nothing", test_certificates);
  g_test_add_func ("/mqtt/the-same-news-is-told-once", test_news_is_told_once);
  g_test_add_func ("/mqtt/what-is-kept-is-given-up-for-a-while", test_what_is_kept_is_given_up_for_a_while);
  g_test_add_func ("/mqtt/an-alert-for-which-the-broker-hangs-up-is-given-up", test_alert_that_displeases);
  g_test_add_func ("/mqtt/many-threads-may-tell", test_from_many_threads);
  g_test_add_func ("/mqtt/settings-that-cannot-work-are-told", test_settings_that_cannot_work);
  result = g_test_run ();
  mosquitto_lib_cleanup ();
  return result;
}
