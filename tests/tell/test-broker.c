/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Brokers that go, come back, stand still or never answer. */

#include "stage.h"

static void
test_broker_comes_back (void)
{
  g_autofree char *numbers = NULL, *expected = numbers_from (0, 119);
  Broker broker;
  Listener listener;
  Said said;
  L4MqttSettings settings;
  L4Tell *tell;

  stage_open (&broker, &listener, &said, &settings);
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
  stage_close (&broker, &listener, &said);
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

  stage_open (&broker, &listener, &said, &settings);
  broker_kill (&broker);
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
  stage_close (&broker, &listener, &said);
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

static void
test_broker_stands_still (void)
{
  Broker broker;
  Listener listener;
  Said said;
  L4MqttSettings settings;
  L4Tell *tell;

  stage_open (&broker, &listener, &said, &settings);
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
  stage_close (&broker, &listener, &said);
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

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  mosquitto_lib_init ();
  g_test_add_func ("/mqtt/nothing-is-lost-when-the-broker-was-away", test_broker_comes_back);
  g_test_add_func ("/mqtt/the-oldest-is-dropped-when-there-is-no-room", test_oldest_are_dropped);
  g_test_add_func ("/mqtt/a-broker-that-never-answers-holds-up-nobody", test_mute_broker);
  g_test_add_func ("/mqtt/waiting-for-an-answer-is-no-work", test_waiting_takes_no_time);
  g_test_add_func ("/mqtt/a-broker-that-stands-still-holds-up-nobody", test_broker_stands_still);
  g_test_add_func ("/mqtt/no-leave-is-taken-of-a-broker-that-took-no-farewell", test_no_leave_without_farewell);
  result = g_test_run ();
  mosquitto_lib_cleanup ();
  return result;
}
