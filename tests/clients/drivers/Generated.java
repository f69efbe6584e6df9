package javax.annotation;

/** Generated code carries this annotation. It left the JDK with Java 11; a build tool would bring it in a jar. */
public @interface Generated {
  String value();

  String date() default "";

  String comments() default "";
}
